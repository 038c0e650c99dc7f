"""A blog on the Django ORM and django-redis: pickles under :1:post:N, whole pages of posts, a count.

STYLE=versioned puts a generation, counted up after the commit, into a post's key; else keys are removed after the commit.
BUG: update-skips-signal, in-atomic, other-version, forgets-pages, forgets-count, forgets-generation.
"""

import os
import sys
import time
import types
from urllib.parse import urlsplit

import django
from django.conf import settings
from driving import drive

PACE = float(os.environ.get("PACE", "1"))  # all pauses are this much longer: on a busy machine races need more time
BUG, VERSIONED = os.environ.get("BUG", ""), os.environ.get("STYLE") == "versioned"
READERS, WRITERS = int(os.environ.get("READERS", "1")), int(os.environ.get("WRITERS", "0"))
URL = urlsplit(os.environ["DATABASE_URL"])
COMPRESS = {"COMPRESSOR": f"django_redis.compressors.{os.environ['COMPRESSOR']}"} if "COMPRESSOR" in os.environ else {}

settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            **{"HOST": URL.hostname, "PORT": URL.port, "USER": URL.username},
            **{"PASSWORD": URL.password or "", "NAME": URL.path[1:]},
        }
    },
    CACHES={
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": os.environ["REDIS_URL"],
            "TIMEOUT": 120,
            "OPTIONS": COMPRESS,
        }
    },
    INSTALLED_APPS=["blog"],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
app = sys.modules["blog"] = types.ModuleType("blog")
app.__path__ = [os.getcwd()]
django.setup()

from django.core.cache import cache  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402
from django.db.models.signals import post_save  # noqa: E402


class Post(models.Model):
    title = models.CharField(max_length=80)
    body = models.TextField()
    views = models.IntegerField(default=0)

    class Meta:
        app_label = "blog"


PAGE, PAGES = 3, (1, 2)


def post_key(pk):
    return f"post:{pk}:{cache.get_or_set(f'gen:{pk}', 1, None)}" if VERSIONED else f"post:{pk}"


def read_post(pk):
    key = post_key(pk)
    post = cache.get(key)
    if post is None:
        post = Post.objects.defer("views").get(pk=pk)
        cache.set(key, post)
    return post


def read_page(number):
    rows = cache.get(f"posts:page:{number}")
    if rows is None:
        start = (number - 1) * PAGE
        rows = list(Post.objects.order_by("-id").values("id", "title", "body")[start : start + PAGE])
        cache.set(f"posts:page:{number}", rows)
    return rows


def read_count():
    return cache.get_or_set("posts:count", Post.objects.count, 120)


def forget(pk):
    if VERSIONED:
        cache.get_or_set(f"gen:{pk}", 1, None)
        cache.incr(f"gen:{pk}")
        return
    cache.delete(f"post:{pk}", version=2 if BUG == "other-version" else None)
    if BUG != "forgets-pages":
        cache.delete_many([f"posts:page:{number}" for number in PAGES])


def saved(instance, created, **_):
    if created and BUG != "forgets-count":
        transaction.on_commit(lambda: cache.delete("posts:count"))
    if BUG == "in-atomic":
        forget(instance.pk)
    else:
        transaction.on_commit(lambda: forget(instance.pk))


def retitle(pk, title):
    with transaction.atomic():
        post = Post.objects.select_for_update().get(pk=pk)
        post.title = title
        post.save()
        if BUG == "in-atomic":
            time.sleep(PACE * 0.012)


def edit(pk, body):
    Post.objects.filter(pk=pk).update(body=body)  # an UPDATE of its own: no signal is sent
    if BUG not in ("update-skips-signal", "forgets-generation"):
        forget(pk)


def view(pk):
    Post.objects.filter(pk=pk).update(views=models.F("views") + 1)


def read_all(pk):
    read_post(pk), read_count()
    for number in PAGES:
        read_page(number)


def one_after_another(random):
    pk = random.choice(posts[-5:])
    read_all(pk), read_all(pk)
    retitle(pk, f"Retitled {random.randint(1000, 99999)}")
    read_all(pk)
    edit(pk, f"<p>edited {random.randint(1000, 99999)}</p>")
    read_all(pk)
    view(pk)
    posts.append(Post.objects.create(title=f"New {random.randint(1000, 99999)}", body="<p>fresh</p>").pk)
    read_all(pk)


def reader(random):
    read_post(random.randint(1, 4))
    time.sleep(PACE * 0.003 * random.random())


def writer(random):
    time.sleep(PACE * (0.01 + 0.02 * random.random()))
    pk = random.randint(1, 4)
    retitle(pk, f"Retitled {random.randint(1000, 99999)}")
    if BUG == "in-atomic":
        return
    view(pk)
    edit(pk, f"<p>edited {random.randint(1000, 99999)}</p>")


with connection.schema_editor() as schema:
    schema.create_model(Post)
posts = [
    Post.objects.create(title=f"Post titled {number}", body=f"<p>body {number}</p>").pk for number in range(1, 7)
]
post_save.connect(saved, sender=Post)
if WRITERS == 0:
    drive((1, 4, one_after_another))
else:
    drive((READERS, int(os.environ.get("TURNS", "18")), reader), (WRITERS, 4, writer))
