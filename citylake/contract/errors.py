"""The one error of this package: a contract that cannot be used, said so that its author can mend it."""

from difflib import get_close_matches
from pathlib import Path

from pydantic import BaseModel, ValidationError


class ContractError(ValueError):
    """A contract, element or department file is wrong; the message names file, key and allowed values."""


def explain(path: Path, error: ValidationError, model: type[BaseModel]) -> ContractError:
    """Turn a validation error into a message an author can act on.

    Args:
        path: file that was read.
        error: what pydantic found.
        model: the model the file was read into; names the allowed keys.
    """
    lines = []
    for item in error.errors(include_url=False, include_input=False):
        where = ".".join(str(part) for part in item["loc"]) or "(file)"
        text = str(item["msg"])
        if item["type"] == "extra_forbidden":
            text = f"unknown key; allowed here: {', '.join(_allowed(model, item['loc'][:-1]))}"
            if close := get_close_matches(str(item["loc"][-1]), _allowed(model, item["loc"][:-1]), n=1):
                text += f"; did you mean '{close[0]}'?"
        lines.append(f"  {where}: {text}")
    return ContractError(f"{path}:\n" + "\n".join(lines))


def _allowed(model: type[BaseModel], where: tuple[int | str, ...]) -> list[str]:
    """Return the keys allowed at ``where`` inside ``model``, following nested models as far as they are named."""
    current: type[BaseModel] | None = model
    for part in where:
        nested = _nested(current, str(part)) if current is not None else None
        current = nested if nested is not None else current
    return sorted(current.model_fields) if current is not None else []


def _nested(model: type[BaseModel], name: str) -> type[BaseModel] | None:
    """Return the model that field ``name`` holds, alone or inside a container, if it holds one."""
    field = model.model_fields.get(name)
    return _model_in(field.annotation) if field is not None else None


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        if (found := _model_in(argument)) is not None:
            return found
    return None
