"""Random Avro schemas, values of them, and schemas that they may have evolved into."""

from __future__ import annotations

from random import Random

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
VALUES = {
    "null": (None,),
    "boolean": (True, False),
    "int": (0, -1, 64, 2**31 - 1, -(2**31)),
    "long": (0, -1, 2**53 + 1, 2**63 - 1, -(2**63)),
    "float": (0.0, -0.0, 1.5, 2.0**-149, float("inf")),
    "double": (0.0, -0.0, 0.1, 5e-324, -1e300, float("-inf")),
    "bytes": (b"", b"\x00\xff", b"abc", b"x" * 70),
    "string": ("", "abc", "é€😀", 'quote " \\', "\ufeff\n\0", "x" * 70),
}
DEFAULTS = {"null": None, "boolean": True, "int": 7, "long": 2**40, "float": 1.5, "double": -0.5}
DEFAULTS |= {"string": "dé"}
PROMOTED = {
    "int": ("long", "double"),  # fastavro keeps all digits of what is read as a float
    "long": ("double",),
    "float": ("double",),
    "string": ("bytes",),
    "bytes": ("string",),
}


class Schemas:
    """Makes schemas whose names are all different."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.names = 0

    def name(self, letter: str) -> str:
        self.names += 1
        return f"{letter}{self.names}"

    def schema(self, depth: int = 3, in_union: bool = False):
        choice = self.random.random()
        if depth == 0 or choice < 0.4:
            return self.random.choice(PRIMITIVES)
        if choice < 0.5:
            return {"type": "fixed", "name": self.name("F"), "size": self.random.choice([0, 1, 5])}
        if choice < 0.6:
            made = {"type": "enum", "name": self.name("E"), "symbols": ["A", "B", "C"]}
            return made | ({"default": "A"} if self.random.random() < 0.5 else {})
        if choice < 0.7:
            return {"type": "array", "items": self.schema(depth - 1)}
        if choice < 0.78:
            return {"type": "map", "values": self.schema(depth - 1)}
        if choice < 0.88 and not in_union:
            return self.union(depth)
        fields = [self.field(depth) for _ in range(self.random.randint(0, 4))]
        return {"type": "record", "name": self.name("R"), "fields": fields}

    def field(self, depth: int):
        made = {"name": self.name("f"), "type": self.schema(depth - 1)}
        # fastavro takes the default of bytes for text, which it then cannot write.
        if self.random.random() < 0.3 and "bytes" not in str(made) and "fixed" not in str(made):
            made["default"] = default_of(made["type"])
        return made

    def union(self, depth: int):
        """At most one branch of each kind, so that a value tells which it is of."""
        branches, kinds = [], set()
        for _ in range(self.random.randint(1, 4)):
            branch = self.schema(depth - 1, in_union=True)
            kind = branch if isinstance(branch, str) else branch["type"]
            family = {"int": "n", "long": "n", "float": "n", "double": "n", "fixed": "bytes"}
            # fastavro takes bytes for a list of numbers, and in a reader's union a string for bytes
            # if they come first, where we look for the same type first.
            family |= {"array": "bytes", "string": "bytes"}
            family |= {"enum": "bytes", "record": "map"}
            if family.get(kind, kind) not in kinds:
                kinds.add(family.get(kind, kind))
                branches.append(branch)
        return branches

    def evolved(self, schema):
        """What a schema may have become; now and then nothing can be read with it any more."""
        random = self.random
        if isinstance(schema, str):
            if random.random() < 0.2 and schema in PROMOTED:
                return random.choice(PROMOTED[schema])
            if random.random() < 0.05:
                return random.choice([p for p in PRIMITIVES if p != "float"])
            return self.united(schema)
        if isinstance(schema, list):
            branches = [self.evolved_branch(branch) for branch in schema]
            random.shuffle(branches)
            return branches
        match schema["type"]:
            case "array":
                return {"type": "array", "items": self.evolved(schema["items"])}
            case "map":
                return {"type": "map", "values": self.evolved(schema["values"])}
            case "enum":
                symbols = random.choice([["A", "B", "C"], ["C", "A"], ["A", "B", "C", "D"]])
                return schema | {"symbols": symbols}
            case "record":
                return schema | {"fields": self.evolved_fields(schema["fields"])}
        return schema

    def evolved_branch(self, branch):
        while isinstance(made := self.evolved(branch), list):
            pass
        return made if not isinstance(branch, str) else branch

    def united(self, schema):
        if self.random.random() < 0.1 and schema != "null":
            return self.random.choice([["null", schema], [schema, "null"]])
        return schema

    def evolved_fields(self, fields):
        made = []
        for field in fields:
            choice = self.random.random()
            if choice < 0.15:
                continue
            field = {"name": field["name"], "type": self.evolved(field["type"])}
            if choice < 0.3:
                field |= {"name": self.name("f"), "aliases": [field["name"]]}
            made.append(field)
        for _ in range(self.random.choice([0, 0, 1])):
            type = self.random.choice(PRIMITIVES)
            made.append({"name": self.name("f"), "type": type})
            if self.random.random() < 0.9 and type != "bytes":
                made[-1]["default"] = DEFAULTS.get(type)
        self.random.shuffle(made)
        return made

    def value(self, schema):
        random = self.random
        if isinstance(schema, str):
            return random.choice(VALUES[schema])
        if isinstance(schema, list):
            return self.value(random.choice(schema))
        match schema["type"]:
            case "fixed":
                return bytes(random.randrange(256) for _ in range(schema["size"]))
            case "enum":
                return random.choice(schema["symbols"])
            case "array":
                return [self.value(schema["items"]) for _ in range(random.choice([0, 1, 3]))]
            case "map":
                keys = random.sample(["", "a", "é", "k" * 70], random.choice([0, 1, 3]))
                return {key: self.value(schema["values"]) for key in keys}
        return {
            field["name"]: self.value(field["type"])
            for field in schema["fields"]
            if "default" not in field or random.random() < 0.8
        }


def default_of(schema):
    if isinstance(schema, str):
        return DEFAULTS[schema]
    if isinstance(schema, list):
        return default_of(schema[0])
    match schema["type"]:
        case "enum":
            return "B"
        case "array":
            return []
        case "map":
            return {}
    return {field["name"]: default_of(field["type"]) for field in schema["fields"]}
