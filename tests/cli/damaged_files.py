"""Files as they come when something went wrong: mutations of good ones that know their structure.

    damaged(data, Random("7"))

changes bytes, tokens (a number becomes a list, a key appears twice), lines (cut, repeated, swapped)
or the gzip data around them. What comes out can still be right; it must never be a crash.
"""

import gzip
import json
import re

ODD_JSON = (
    *(
        "null",
        "true",
        "false",
        "-1",
        "0",
        "1",
        "1.5",
        "-0.0",
        "1e308",
        "1e999",
        "-9223372036854775809",
    ),
    *(
        "18446744073709551616",
        "1" + "0" * 30,
        "1" * 4301,
        '""',
        '"x"',
        '"\\ud800"',
        '"\\u0000"',
        '"0"',
    ),
    *("[]", "[null]", "[[null]]", "[1,2]", "[[1,2],3]", "{}", '{"a":1,"a":2}', '{"":null}', "NaN"),
    *("Infinity", "[" * 300 + "]" * 300, "[" * 99 + "]" * 99, '"' + "x" * 3000 + '"', '{"x":[{}]}'),
    *('"invoke"', '"ok"', '"fail"', '"info"', '"nemesis"', '"read"', '"txn"', '[["r",1,null]]'),
    *('[["append",1,1]]', '["x",null]', "[0,[1,2]]", '["w"]', '[["w",{},[]]]', "tru", '"', "//"),
)
ODD_EDN = (
    *("nil", "true", "-1", "0", "1N", "2.5M", "1e308", "1e999", "1/3", "1/0", "0x7f", "1" * 4301),
    *("0x" + "f" * 5000, '""', '"\\ud83d"', '"\\q"', "\\newline", "\\u0041", ":", ":a", ":invoke"),
    *(":ok", ":info", ":fail", "##Inf", "##NaN", "[]", "()", "#{}", "{}", "{:a 1 :a 2}", "{1 2}"),
    *("#{1 nil [2]}", "#tag 3", "#_", "#_ 1", "[" * 120, "[" * 99 + "]" * 99, "]", "}", ";", "sym"),
    *("[:a nil]", "[[:r 1 nil]]", "[[:append 1 2]]", "[0 [1 2]]", "^", "@", '"', "\\", ":nemesis"),
)
_JSON_TOKEN = re.compile(
    rb'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|null|true|false|[\[\]{}:,]'
)
_EDN_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[^\s,\[\](){}"]+|[\[\](){}]')
_MEMBER = re.compile(rb'"[^"\\]*"\s*:\s*(?:"[^"\\]*"|[^,\[\]{}"]+)')


def damaged(data, random, *, edn=False):
    """The bytes of a file, changed in one to three places."""
    packed = data[:2] == b"\x1f\x8b"
    data = gzip.decompress(data) if packed else data
    for _ in range(random.choice((1, 1, 2, 3))):
        data = random.choice((_bytes, _token, _token, _member, _line, _record, _record, _record))(
            data, random, edn
        )
    if packed or random.random() < 0.1:
        data = gzip.compress(data, mtime=0)
        if random.random() < 0.5:
            data = random.choice((_bytes, _cut))(data, random, edn)
    return data


def _cut(data, random, edn):
    return data[: random.randrange(len(data) + 1)]


def _bytes(data, random, edn):
    at = random.randrange(len(data) + 1)
    length = random.choice((0, 1, 1, 2, 8, 100))
    put = bytes(random.randrange(256) for _ in range(random.choice((0, 1, 1, 3))))
    how = random.randrange(4)
    if how == 0:
        return _cut(data, random, edn)
    if how == 1:
        return data[:at] + data[at : at + length] * 2 + data[at + length :]
    return data[:at] + put + data[at + length :]


def _token(data, random, edn):
    """One token by another, of this file or an odd one."""
    tokens = list((_EDN_TOKEN if edn else _JSON_TOKEN).finditer(data))
    if not tokens:
        return _bytes(data, random, edn)
    here, other = random.choice(tokens), random.choice(tokens)
    odd = random.choice(ODD_EDN if edn else ODD_JSON).encode()
    put = random.choice((odd, odd, other[0], b""))
    return data[: here.start()] + put + data[here.end() :]


def _member(data, random, edn):
    """A member of an object taken out, or put in once more elsewhere."""
    members = list(_MEMBER.finditer(data))
    if not members:
        return _token(data, random, edn)
    here, other = random.choice(members), random.choice(members)
    if random.random() < 0.5:
        return data[: here.start()] + data[here.end() :].lstrip(b", ")
    return data[: here.end()] + b"," + other[0] + data[here.end() :]


def _line(data, random, edn):
    lines = data.split(b"\n")
    at, other = random.randrange(len(lines)), random.randrange(len(lines))
    how = random.randrange(4)
    if how == 0:
        del lines[at]
    elif how == 1:
        lines.insert(other, lines[at])
    elif how == 2:
        lines[at], lines[other] = lines[other], lines[at]
    else:
        lines[at] = lines[at][: random.randrange(len(lines[at]) + 1)]
    return b"\n".join(lines)


def _record(data, random, edn):
    """One place of a line's data replaced: often by what stands in the same place of another."""
    lines = data.split(b"\n")
    at, other = random.randrange(len(lines)), random.randrange(len(lines))
    try:
        record, donor = json.loads(lines[at]), json.loads(lines[other])
    except ValueError:
        return _token(data, random, edn)
    if isinstance(record, dict) and isinstance(donor, dict) and donor and random.random() < 0.5:
        field = random.choice(list(donor))
        record[field] = donor[field]
    else:
        record = odd_place(record, random)
    lines[at] = json.dumps(record).encode()
    return b"\n".join(lines)


def odd_place(value, random):
    """JSON-like data with one place replaced by something odd: types are wrong, the text is not."""
    if isinstance(value, dict | list) and value and random.random() < 0.85:
        at = random.choice(list(value) if isinstance(value, dict) else range(len(value)))
        changed = dict(value) if isinstance(value, dict) else list(value)
        changed[at] = odd_place(value[at], random)
        return changed
    while True:
        try:
            return json.loads(random.choice(ODD_JSON))
        except ValueError:
            continue
