"""For contract.sh: what schemathesis has to know of our media types, and, run by itself, what it needs to begin.

contract.py URL FOLDER: makes a camera, and writes the server's OpenAPI document into FOLDER, as `openapi.json` and, with
a mistake, as `wrong.json`.
"""

import json
import os
import pathlib
import sys
import urllib.request


def ask(url, body=None):
    """The JSON that the server answers."""
    headers = {"Authorization": f"Bearer {os.environ['TOKEN']}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30) as answer:
        return json.load(answer)


def prepare(url, folder):
    """All that contract.sh needs."""
    ask(f"{url}/api/v1/cameras", {"id": "lobby", "pipeline": "plain"})
    document = ask(f"{url}/api/v1/openapi.json")
    (folder / "openapi.json").write_text(json.dumps(document))
    document["components"]["schemas"]["Session"]["properties"]["version"] = {"type": "integer"}
    (folder / "wrong.json").write_text(json.dumps(document))


if __name__ == "__main__":
    prepare(sys.argv[1], pathlib.Path(sys.argv[2]))
else:
    import schemathesis

    schemathesis.serializer.alias(["application/sdp", "application/trickle-ice-sdpfrag"], "text/plain")
