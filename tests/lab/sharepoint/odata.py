"""SharePoint's JSON: verbose OData and nometadata, entities, collections and errors."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

VERBOSE = "verbose"
NO_METADATA = "nometadata"


class RestError(Exception):
    """An answer that is an error. ``code`` is SharePoint's: a number and the .NET exception's name."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclasses.dataclass(frozen=True)
class Entity:
    """A thing with an address of its own."""

    type: str
    uri: str
    properties: Mapping[str, Any]
    etag: str | None = None


@dataclasses.dataclass(frozen=True)
class Complex:
    """A value of a complex type: it has properties and no address."""

    type: str
    properties: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Collection:
    """A list of values of ``type``, which are complex or plain ones."""

    type: str
    items: Sequence[Any]


@dataclasses.dataclass(frozen=True)
class Value:
    """What an operation returns, or a single property: in verbose OData under its name. ``content`` None is null."""

    name: str
    content: Mapping[str, Any] | Collection | bool | None


def format_of(accept: str) -> str:
    """The format that an Accept header asks for. Raises RestError for Atom, which the lab does not speak."""
    accept = accept.replace(" ", "").lower()
    if "application/json" not in accept:
        raise RestError(406, "-1, System.NotSupportedException", "Ask for application/json in the Accept header.")
    return VERBOSE if "odata=verbose" in accept else NO_METADATA


def render(result: Entity | Value | Sequence[Entity], form: str) -> Any:
    """The body of a successful answer, ready for JSON."""
    if isinstance(result, Entity):
        return {"d": _render(result, form)} if form == VERBOSE else _render(result, form)
    if isinstance(result, Value):
        content = _render(result.content, form)
        if form == VERBOSE:
            return {"d": {result.name: content}}
        if content is None:
            return {"odata.null": True}
        return content if isinstance(content, dict) else {"value": content}
    entities = [_render(entity, form) for entity in result]
    return {"d": {"results": entities}} if form == VERBOSE else {"value": entities}


def render_error(error: RestError, form: str) -> Any:
    content = {"code": error.code, "message": {"lang": "en-US", "value": str(error)}}
    return {"error": content} if form == VERBOSE else {"odata.error": content}


def _render(value: Any, form: str) -> Any:
    """A value with all that it holds. A list stands for the entities of an expanded property."""
    verbose = form == VERBOSE
    if isinstance(value, Entity):
        metadata = {"id": value.uri, "uri": value.uri, "type": value.type} | ({"etag": value.etag} if value.etag else {})
        return ({"__metadata": metadata} if verbose else {}) | {name: _render(one, form) for name, one in value.properties.items()}
    if isinstance(value, Complex):
        typed: dict[str, Any] = {"__metadata": {"type": value.type}} if verbose else {}
        return typed | {name: _render(one, form) for name, one in value.properties.items()}
    if isinstance(value, Collection):
        items = [_render(one, form) for one in value.items]
        return {"__metadata": {"type": f"Collection({value.type})"}, "results": items} if verbose else items
    if isinstance(value, list):
        entities = [_render(one, form) for one in value]
        return {"results": entities} if verbose else entities
    return dict(value) if isinstance(value, Mapping) else value


def read_body(body: bytes, content_type: str, expected_type: str | None, wrapper: str | None = None) -> dict[str, Any]:
    """The properties that a request's body holds. In verbose OData the body must name ``expected_type``, unless that is None: then
    it holds the parameters of an operation.

    ``wrapper`` is the name of the parameter that holds them, when an operation takes one. Raises RestError.
    """
    try:
        content = json.loads(body or b"null")
    except ValueError as error:
        raise _invalid(f"Invalid JSON. {error}") from error
    if wrapper is not None:
        content = content.get(wrapper) if isinstance(content, dict) else None
    if not isinstance(content, dict):
        raise _invalid("The request's body holds no object.")
    if expected_type is not None and "odata=verbose" in content_type.replace(" ", "").lower():
        metadata = content.get("__metadata")
        if not isinstance(metadata, dict) or "type" not in metadata:
            raise _invalid(
                "An entry without a type name was found, but no expected type was specified. To allow entries without type "
                "information, the expected type must also be specified when the model is specified."
            )
        if metadata["type"] != expected_type:
            raise _invalid(f"A type named '{metadata['type']}' could not be resolved by the model.")
    return content


def texts(value: Any) -> list[str]:
    """A collection of texts: ``{"results": [...]}`` in verbose OData, a list otherwise. Raises RestError for anything else."""
    if isinstance(value, dict):
        value = value.get("results")
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise _invalid("A collection of texts was expected.")
    return value


def objects(value: Any) -> list[dict[str, Any]]:
    """A collection of objects, as a list or as ``{"results": [...]}``. Raises RestError for anything else."""
    if isinstance(value, dict):
        value = value.get("results")
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise _invalid("A collection of objects was expected.")
    return value


def _invalid(message: str) -> RestError:
    return RestError(400, "-1, Microsoft.SharePoint.Client.InvalidClientQueryException", message)
