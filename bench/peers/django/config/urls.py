from django.urls import path

from api import views

urlpatterns = [
    path("", views.hello),
    path("plaintext", views.plaintext),
    path("users/<int:id>", views.user),
    path("orders", views.order),
    path("upload", views.upload),
    path("db", views.db),
    path("queries", views.queries),
    path("fortunes", views.fortunes),
    path("updates", views.updates),
]
