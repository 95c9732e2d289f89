"""The views of the Django peer next door as coroutines; its models, serializers and template are used as they are."""

import json

from asgiref.sync import sync_to_async
from django.http import HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from api.models import Fortune, World
from api.serializers import OrderSerializer, totals
from api.worlds import as_json, random_ids, random_number, renumber, with_added


async def hello(request):
    return JsonResponse({"message": "Hello, World!"})


async def plaintext(request):
    return HttpResponse("Hello, World!", content_type="text/plain")


async def user(request, id):
    try:
        return JsonResponse({"id": id, "q": request.GET["q"], "page": int(request.GET["page"])})
    except (KeyError, ValueError):
        return HttpResponseBadRequest("q and an integer page are wanted")


@require_POST
async def order(request):
    try:
        serializer = OrderSerializer(data=json.loads(request.body))
    except ValueError:
        return HttpResponseBadRequest("the body is not JSON")
    if not serializer.is_valid():
        return JsonResponse(serializer.errors, status=422)
    return JsonResponse(totals(serializer.validated_data))


@require_POST
async def upload(request):
    return JsonResponse({"bytes": len(request.body)})


async def db(request):
    return JsonResponse(as_json(await World.objects.aget(pk=random_number())))


async def queries(request):
    return JsonResponse([as_json(await World.objects.aget(pk=id)) for id in random_ids()], safe=False)


async def fortunes(request):
    found = [fortune async for fortune in Fortune.objects.all()]
    return render(request, "fortunes.html", {"fortunes": with_added(found)})


async def updates(request):
    # Transactions are synchronous in Django, so the whole of one runs in a thread.
    worlds = await sync_to_async(renumber)()
    return JsonResponse([as_json(world) for world in worlds], safe=False)
