"""Reading the YAML files of a project: what they say, and where they say it wrongly."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from citylake.contract.errors import ContractError, explain

M = TypeVar("M", bound=BaseModel)


class ContractLoader(yaml.CSafeLoader):
    """Reads ``on`` as the word it is (only ``true`` and ``false`` are truth values), and no key twice."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if not (tag.endswith(":bool") and first not in "tTfF")]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the keys and values of a node, none of which may be said twice."""
        lines: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if key.value in lines:
                raise ContractError(
                    f"'{key.value}' stands in line {lines[key.value]} and in line {line}: keep one of them"
                )
            lines[key.value] = line
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """Return what a file says.

    Raises:
        ContractError: it is not YAML, says a key twice, or is no mapping.
    """
    try:
        values = yaml.load(path.read_text("utf-8"), Loader=ContractLoader)
    except yaml.YAMLError as error:
        raise ContractError(f"{path}: not YAML: {error}") from error
    except ContractError as error:
        raise ContractError(f"{path}: {error}") from error
    if not isinstance(values, dict):
        raise ContractError(f"{path}: expected keys and values")
    return values


def validated(path: Path, model: type[M], values: dict[str, Any]) -> M:
    """Return the model of what a file, or a part of it, says.

    Raises:
        ContractError: it is wrong; the message names file, key and allowed values.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise explain(path, error, model) from error


def validated_each(path: Path, model: type[M], values: dict[str, Any]) -> dict[str, M]:
    """Return by name the models of a file that says one thing per key.

    Raises:
        ContractError: as for one.
    """
    try:
        return TypeAdapter(dict[str, model]).validate_python(values)  # type: ignore[valid-type]
    except ValidationError as error:
        raise explain(path, error, model) from error
