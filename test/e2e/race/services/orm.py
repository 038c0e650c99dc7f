"""SQLAlchemy sessions over psycopg2; the key is removed once the change is flushed, and the commit follows."""

import json
import os

import redis
import uvicorn
from fastapi import Depends, FastAPI
from pydantic import BaseModel
from sqlalchemy import Column, ForeignKey, Integer, Text, create_engine
from sqlalchemy.orm import Session, declarative_base, relationship, sessionmaker

engine = create_engine(os.environ["DATABASE_URL"].replace("postgres://", "postgresql://"), pool_pre_ping=True)
Sessions = sessionmaker(engine)
Base = declarative_base()
cache = redis.from_url(os.environ["REDIS_URL"])
app = FastAPI()


class Venue(Base):
    __tablename__ = "venues"
    id = Column(Integer, primary_key=True)
    name = Column(Text)


class Show(Base):
    __tablename__ = "shows"
    id = Column(Integer, primary_key=True)
    title = Column(Text)
    seats = Column(Integer)
    venue_id = Column("venue", ForeignKey("venues.id"))
    venue = relationship(Venue)


class Change(BaseModel):
    seats: int


def session():
    with Sessions() as opened:
        yield opened


@app.get("/health")
def health(database: Session = Depends(session)):
    database.connection()
    return cache.ping()


@app.get("/shows/{number}")
def read(number: int, database: Session = Depends(session)):
    kept = cache.get(f"show:{number}")
    if kept is not None:
        return json.loads(kept)
    show = database.get(Show, number)
    found = {"title": show.title, "seats": show.seats, "venue": show.venue.name}
    cache.setex(f"show:{number}", 60, json.dumps(found))
    return found


@app.put("/shows/{number}")
def change(number: int, body: Change, database: Session = Depends(session)):
    show = database.get(Show, number)
    show.seats = body.seats
    database.flush()
    cache.delete(f"show:{number}")
    database.commit()
    # The session forgets what it knew at COMMIT: this reads the row again.
    return {"seats": show.seats}


uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")
