"""Other people's clients, unchanged, against a real server: `uv run python -m tests.sdk.matrix` prints what they do.

They are installed into a folder of their own (`.coinslot/matrix`), in whatever versions there are today; nothing of the
project depends on them. `tests/run --long` runs it too.
"""

import json
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.support import costs
from tests.support.server import ROOT, Demo, running

FOLDER = ROOT / ".coinslot" / "matrix"
CASES = {
    "whole": "an answer comes whole",
    "stream": "it comes streamed",
    "tool": "the tool that was asked for is called",
    "link": "who has no money reads the link",
    "forced": "a forced tool call without money is an error that names the link",
}
SECONDS_MAX = 120

_PRELUDE = """
import json, os, sys
BASE, KEY, RICH, POOR = (os.environ[name] for name in ("BASE", "KEY", "RICH", "POOR"))
MODEL, ASKED = "demo-mini", "What is the weather in Paris? Call the tool `weather`."
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FUNCTION = {"name": "weather", "description": "The weather of a city.", "parameters": PARAMETERS}
TOOL = {"type": "function", "function": FUNCTION}
def of(user): return {"X-Paywall-User": user}
"""
_RUN = """
def check(case):
    try:
        got = {"whole": lambda: whole(RICH, "Hello"), "stream": lambda: stream(RICH), "tool": lambda: tool(RICH),
               "link": lambda: whole(POOR, "Hello"), "forced": lambda: tool(POOR)}[case]()
    except Exception as error:
        said = repr(error) + str(getattr(error, "body", "")) + str(getattr(error, "__cause__", ""))
        return case == "forced" and ("/topup/" in said or "insufficient_funds" in said) or "failed: " + said[:300]
    if case == "forced":
        return "no error: " + str(got)[:200]
    return {"link": "http" in str(got), "tool": got == "weather"}.get(case, bool(got)) or "got: " + str(got)[:200]
print(json.dumps({case: check(case) for case in ("whole", "stream", "tool", "link", "forced")}))
"""
CLIENTS: Mapping[str, tuple[str, str]] = {
    "openai": ("openai", """
from openai import OpenAI
def client(user): return OpenAI(base_url=BASE, api_key=KEY, default_headers=of(user))
def whole(user, text):
    made = client(user).chat.completions.create(model=MODEL, messages=[{"role": "user", "content": text}])
    return made.choices[0].message.content
def stream(user):
    made = client(user).chat.completions.create(model=MODEL, stream=True, messages=[{"role": "user", "content": "Hi"}])
    return "".join(chunk.choices[0].delta.content or "" for chunk in made if chunk.choices)
def tool(user):
    made = client(user).chat.completions.create(model=MODEL, messages=[{"role": "user", "content": ASKED}],
                                                tools=[TOOL], tool_choice="required")
    return made.choices[0].message.tool_calls[0].function.name
"""),
    "langchain-openai": ("langchain-openai", """
from langchain_openai import ChatOpenAI
def client(user): return ChatOpenAI(model=MODEL, base_url=BASE, api_key=KEY, default_headers=of(user))
def whole(user, text): return client(user).invoke(text).content
def stream(user): return "".join(piece.content for piece in client(user).stream("Hi"))
def tool(user):
    return client(user).bind_tools([TOOL], tool_choice="required").invoke(ASKED).tool_calls[0]["name"]
"""),
    "litellm": ("litellm", """
import litellm
def call(user, text, **more):
    return litellm.completion(model="openai/" + MODEL, api_base=BASE, api_key=KEY, extra_headers=of(user),
                              messages=[{"role": "user", "content": text}], **more)
def whole(user, text): return call(user, text).choices[0].message.content
def stream(user): return "".join(chunk.choices[0].delta.content or "" for chunk in call(user, "Hi", stream=True))
def tool(user):
    return call(user, ASKED, tools=[TOOL], tool_choice="required").choices[0].message.tool_calls[0].function.name
"""),
    "instructor": ("instructor", """
import instructor
from openai import OpenAI
from pydantic import BaseModel
class weather(BaseModel):
    city: str
def client(user): return OpenAI(base_url=BASE, api_key=KEY, default_headers=of(user))
def whole(user, text):
    made = client(user).chat.completions.create(model=MODEL, messages=[{"role": "user", "content": text}])
    return made.choices[0].message.content
def stream(user): return whole(user, "Hi")
def tool(user):
    made = instructor.from_openai(client(user)).chat.completions.create(
        model=MODEL, response_model=weather, max_retries=1, messages=[{"role": "user", "content": ASKED}])
    return type(made).__name__
"""),
    "pydantic-ai": ("pydantic-ai-slim[openai]", """
from openai import AsyncOpenAI
from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
class weather(BaseModel):
    city: str
def model(user):
    client = AsyncOpenAI(base_url=BASE, api_key=KEY, default_headers=of(user))
    return OpenAIChatModel(MODEL, provider=OpenAIProvider(openai_client=client))
def whole(user, text): return Agent(model(user)).run_sync(text).output
def stream(user):
    import asyncio
    async def read():
        async with Agent(model(user)).run_stream("Hi") as made:
            return "".join([piece async for piece in made.stream_text(delta=True)])
    return asyncio.run(read())
def tool(user): return type(Agent(model(user), output_type=weather).run_sync(ASKED).output).__name__
"""),
    "llama-index": ("llama-index-llms-openai-like", """
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike
def client(user):
    return OpenAILike(model=MODEL, api_base=BASE, api_key=KEY, is_chat_model=True, is_function_calling_model=True,
                      context_window=8000, default_headers=of(user))
def weather(city: str) -> str:
    "The weather of a city."
    return "fine"
def whole(user, text): return client(user).chat([ChatMessage(text)]).message.content
def stream(user): return "".join(piece.delta or "" for piece in client(user).stream_chat([ChatMessage("Hi")]))
def tool(user):
    made = client(user)
    said = made.chat_with_tools([FunctionTool.from_defaults(weather)], user_msg=ASKED, tool_required=True)
    return made.get_tool_calls_from_response(said)[0].tool_name
"""),
}  # fmt: skip


def install(package: str, name: str) -> Path:
    """Returns the Python of a folder in which a client is installed, with its newest version."""
    folder = FOLDER / name
    if not (folder / "bin" / "python").exists():
        subprocess.run(["uv", "venv", "-q", str(folder)], env=costs.environment(), check=True)
    python = folder / "bin" / "python"
    command = ["uv", "pip", "install", "-q", "--python", str(python), package]
    subprocess.run(command, env=costs.environment(), check=True)
    return python


def try_client(demo: Demo, name: str) -> dict[str, object]:
    """Returns what a client did in each case: true, or what came instead."""
    package, code = CLIENTS[name]
    python = install(package, name)
    chosen = {"BASE": demo.api_base, "KEY": demo.key, "RICH": demo.new_user("5"), "POOR": demo.new_user(None)}
    with tempfile.NamedTemporaryFile("w", suffix=".py") as script:
        script.write(_PRELUDE + code + _RUN)
        script.flush()
        done = subprocess.run([str(python), script.name], env={**costs.environment(), **chosen}, capture_output=True,
                              text=True, timeout=SECONDS_MAX, check=False)  # fmt: skip
    if done.returncode:
        return dict.fromkeys(CASES, done.stderr.strip()[-300:])
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def version_of(name: str) -> str:
    """Returns the version of a client that was tried."""
    package = CLIENTS[name][0].partition("[")[0]
    code = f"from importlib.metadata import version; print(version({package!r}))"
    python = FOLDER / name / "bin" / "python"
    return subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    """Prints a table: each client, its version, and what it could do."""
    with tempfile.TemporaryDirectory() as data, running(Path(data)) as demo:
        print("| client | " + " | ".join(CASES) + " |\n|---" + "|---" * len(CASES) + "|")
        for name in CLIENTS:
            got = try_client(demo, name)
            said = " | ".join("yes" if got[case] is True else str(got[case]).replace("|", "/") for case in CASES)
            print(f"| {name} {version_of(name)} | {said} |", flush=True)


if __name__ == "__main__":
    main()
