# One release, then the next.
python3 releases.py 1 && python3 releases.py 2
