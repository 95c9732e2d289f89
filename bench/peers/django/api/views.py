"""The benchmark's routes in Django. Orders are checked by Django REST framework's serializers."""

import json

from django.http import HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from .models import Fortune, World
from .serializers import OrderSerializer, totals
from .worlds import as_json, random_ids, random_number, renumber, with_added


def hello(request):
    return JsonResponse({"message": "Hello, World!"})


def plaintext(request):
    return HttpResponse("Hello, World!", content_type="text/plain")


def user(request, id):
    try:
        return JsonResponse({"id": id, "q": request.GET["q"], "page": int(request.GET["page"])})
    except (KeyError, ValueError):
        return HttpResponseBadRequest("q and an integer page are wanted")


@require_POST
def order(request):
    try:
        serializer = OrderSerializer(data=json.loads(request.body))
    except ValueError:
        return HttpResponseBadRequest("the body is not JSON")
    if not serializer.is_valid():
        return JsonResponse(serializer.errors, status=422)
    return JsonResponse(totals(serializer.validated_data))


@require_POST
def upload(request):
    return JsonResponse({"bytes": len(request.body)})


def db(request):
    return JsonResponse(as_json(World.objects.get(pk=random_number())))


def queries(request):
    return JsonResponse([as_json(World.objects.get(pk=id)) for id in random_ids()], safe=False)


def fortunes(request):
    return render(request, "fortunes.html", {"fortunes": with_added(Fortune.objects.all())})


def updates(request):
    return JsonResponse([as_json(world) for world in renumber()], safe=False)
