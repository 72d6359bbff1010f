"""The pages that search engines are told of: the home page and every listed practitioner."""

from django.contrib.sitemaps import Sitemap
from django.db.models import QuerySet
from django.urls import reverse

from practitioners.models import Practitioner


class HomeSitemap(Sitemap):  # type: ignore[type-arg]
    """The home page."""

    def items(self) -> list[str]:
        return ["practitioners:home"]

    def location(self, item: str) -> str:
        return reverse(item)


class PractitionerSitemap(Sitemap):  # type: ignore[type-arg]
    """Practitioners who have an agenda in the directory; 5,000 a file."""

    limit = 5000

    def items(self) -> QuerySet[Practitioner]:
        listed = Practitioner.objects.filter(agenda__listed=True, agenda__active=True)
        return listed.only("pk").order_by("pk").distinct()

    def location(self, item: Practitioner) -> str:
        return reverse("practitioners:practitioner", args=[item.pk])


SITEMAPS = {"site": HomeSitemap, "practitioners": PractitionerSitemap}
