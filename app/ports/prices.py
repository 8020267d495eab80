"""Prices: catalogues of what models cost."""

from typing import Protocol

from app.domain.catalogue.catalogue import ListedModel as ListedModel
from app.domain.catalogue.catalogue import ModelList as ModelList
from app.domain.catalogue.models import CataloguePrice as CataloguePrice
from app.domain.pricing.list_price import ListPrice as ListPrice
from app.domain.pricing.quote import Tier as Tier


class PriceCatalogue(Protocol):
    """Prices of known models, offline."""

    def find(self, model: str) -> CataloguePrice | None:
        """Returns the model's list price, or None where the catalogue does not know it."""
        ...


class ModelCatalogue(Protocol):
    """A provider's public list of models."""

    async def read(self) -> ModelList:
        """Returns the list as it is now. Raises ProviderFailed where it cannot be had whole and understood."""
        ...
