"""What an instance publishes, served to a script as the instance would."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Silent(SimpleHTTPRequestHandler):
    """Serves files, and says nothing of it."""

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def published(folder: Path, said: object) -> Iterator[str]:
    """Serves what an instance says as it would; yields its address."""
    folder.mkdir(exist_ok=True)
    (folder / "reserves.json").write_text(json.dumps(said))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
