"""The benchmark's routes in Flask."""

import os

from flask import Flask, Response, abort, request
from pydantic import ValidationError

from orders import Order, totals

app = Flask(__name__, static_folder=os.environ["BENCH_STATIC"], static_url_path="/static")

if "BENCH_DATABASE" in os.environ:
    from database import blueprint

    app.register_blueprint(blueprint)


@app.get("/")
def hello():
    return {"message": "Hello, World!"}


@app.get("/plaintext")
def plaintext():
    return Response("Hello, World!", mimetype="text/plain")


@app.get("/users/<int:id>")
def user(id):
    page = request.args.get("page", type=int)
    if page is None:
        abort(400, "page is no integer")
    return {"id": id, "q": request.args["q"], "page": page}


@app.post("/orders")
def order():
    return totals(Order.model_validate_json(request.data))


@app.errorhandler(ValidationError)
def invalid(error):
    return Response(error.json(), status=422, mimetype="application/json")


@app.post("/upload")
def upload():
    return {"bytes": len(request.data)}
