"""Both Python contestants: the models of twins.h for msgspec and for pydantic.

models.py LIBRARY FOLDER DOCUMENT decode|encode MILLISECONDS: prints nanoseconds of CPU for one document, and its bytes.
"""

import sys
import time
from datetime import datetime
from typing import Annotated, Any, Dict, List, Optional

LIBRARY = sys.argv[1]

if LIBRARY == "msgspec":
    import msgspec

    class Model(msgspec.Struct, forbid_unknown_fields=True):
        pass

    Title = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    Priority = Annotated[int, msgspec.Meta(ge=0, le=9)]
    Tags = Annotated[List[str], msgspec.Meta(max_length=10)]

    def reserved(name):
        return msgspec.field(name=name)
else:
    from pydantic import BaseModel, ConfigDict, Field

    class Model(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=False)

    Title = Annotated[str, Field(min_length=1, max_length=120)]
    Priority = Annotated[int, Field(ge=0, le=9)]
    Tags = Annotated[List[str], Field(max_length=10)]

    def reserved(name):
        return Field(alias=name)


class Task(Model):
    title: Title
    note: str
    done: bool
    priority: Priority
    due: datetime
    tags: Tags


class Link(Model):
    url: str
    expanded_url: str
    indices: List[int]


class Hashtag(Model):
    text: str
    indices: List[int]


class Mention(Model):
    screen_name: str
    name: str
    id: int
    id_str: str
    indices: List[int]


class Entities(Model):
    hashtags: List[Hashtag]
    urls: List[Link]
    user_mentions: List[Mention]


class Author(Model):
    id: int
    id_str: str
    name: str
    screen_name: str
    location: str
    description: str
    url: Optional[str]
    protected_: bool = reserved("protected")
    followers_count: int
    friends_count: int
    listed_count: int
    created_at: str
    favourites_count: int
    utc_offset: Optional[int]
    geo_enabled: bool
    verified: bool
    statuses_count: int
    lang: str
    profile_background_color: str
    profile_image_url: str
    default_profile: bool
    following: bool


class Tweet(Model):
    created_at: str
    id: int
    id_str: str
    text: str
    source: str
    truncated: bool
    in_reply_to_status_id: Optional[int]
    in_reply_to_screen_name: Optional[str]
    user: Author
    geo: Any
    retweet_count: int
    favorite_count: int
    entities: Entities
    favorited: bool
    retweeted: bool
    lang: str


class Timeline(Model):
    statuses: List[Tweet]
    count: int


class Event(Model):
    description: Optional[str]
    id: int
    logo: Optional[str]
    name: str
    subTopicIds: List[int]
    subjectCode: Optional[str]
    subtitle: Optional[str]
    topicIds: List[int]


class Price(Model):
    amount: int
    audienceSubCategoryId: int
    seatCategoryId: int


class Area(Model):
    areaId: int
    blockIds: List[int]


class SeatCategory(Model):
    areas: List[Area]
    seatCategoryId: int


class Performance(Model):
    eventId: int
    id: int
    logo: Optional[str]
    name: Optional[str]
    prices: List[Price]
    seatCategories: List[SeatCategory]
    seatMapImage: Optional[str]
    start: int
    venueCode: str


class Programme(Model):
    areaNames: Dict[str, str]
    events: Dict[str, Event]
    performances: List[Performance]


class Geometry(Model):
    type: str
    coordinates: List[List[List[float]]]


class Properties(Model):
    name: str


class Feature(Model):
    type: str
    properties: Properties
    geometry: Geometry


class Country(Model):
    type: str
    features: List[Feature]


def codec(document):
    model = {"todo": Task, "tweets": Timeline, "programme": Programme, "country": Country}[document]
    if LIBRARY == "msgspec":
        return msgspec.json.Decoder(model).decode, msgspec.json.Encoder().encode
    return model.model_validate_json, lambda value: value.__pydantic_serializer__.to_json(value, by_alias=True)


def main():
    folder, document, operation, milliseconds = sys.argv[2:]
    with open(f"{folder}/{document}.json", "rb") as file:
        text = file.read()
    decode, encode = codec(document)
    value = decode(text)
    work, given, size = (decode, text, len(text)) if operation == "decode" else (encode, value, len(encode(value)))
    batch = max(1, 200_000 // size)
    spent = documents = 0
    work(given)
    while spent < int(milliseconds) * 1_000_000:
        start = time.process_time_ns()
        for _ in range(batch):
            work(given)
        spent += time.process_time_ns() - start
        documents += batch
    print(f"{spent / documents:.1f} {size}")


if __name__ == "__main__":
    main()
