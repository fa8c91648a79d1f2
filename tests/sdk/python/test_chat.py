"""The official OpenAI SDK for Python against a gateway.

BASE_URL (with /v1), API_KEY and MODEL say which. DIRECT_URL is the upstream behind it: answers must equal those that it
gives when it is asked itself. CONCURRENT is how many streams are open at once. UPSTREAM is `mock` if the upstream obeys
scripts in the body, else `real`.
"""

import asyncio
import os
import time

import openai
import pytest

MODEL = os.environ["MODEL"]
CONCURRENT = int(os.environ.get("CONCURRENT", "200"))
SETTINGS = {"max_retries": 0, "timeout": 120}
GATEWAY = {"base_url": os.environ["BASE_URL"], "api_key": os.environ["API_KEY"], **SETTINGS}
DIRECT = {"base_url": os.environ["DIRECT_URL"], "api_key": "none", **SETTINGS}

client = openai.OpenAI(**GATEWAY)
direct = openai.OpenAI(**DIRECT)

scripted = pytest.mark.skipif(os.environ.get("UPSTREAM") == "real", reason="a real model obeys no scripts")


def question(text="What is a queue?"):
    # A real model answers the same twice only if it does not choose.
    return {"model": MODEL, "messages": [{"role": "user", "content": text}], "max_tokens": 16, "temperature": 0}


def text_of(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def test_an_answer_equals_that_of_the_upstream_asked_directly():
    answer = client.chat.completions.create(**question())
    expected = direct.chat.completions.create(**question())
    assert answer.choices == expected.choices
    assert answer.choices[0].message.content
    assert answer.usage.prompt_tokens == expected.usage.prompt_tokens
    assert answer.usage.completion_tokens == expected.usage.completion_tokens > 0
    assert answer.model == expected.model


def test_the_chunks_of_a_stream_make_the_whole_answer():
    whole = client.chat.completions.create(**question())
    chunks = list(client.chat.completions.create(**question(), stream=True))
    assert text_of(chunks) == whole.choices[0].message.content
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == whole.choices[0].finish_reason
    assert len(chunks) > 2


def test_a_stream_tells_its_usage_if_asked():
    whole = client.chat.completions.create(**question())
    chunks = list(client.chat.completions.create(**question(), stream=True, stream_options={"include_usage": True}))
    assert chunks[-1].choices == []
    assert chunks[-1].usage.prompt_tokens == whole.usage.prompt_tokens
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_a_stream_keeps_its_usage_to_itself_if_not_asked():
    chunks = list(client.chat.completions.create(**question(), stream=True))
    assert all(chunk.usage is None for chunk in chunks)
    assert all(chunk.choices for chunk in chunks)


def test_the_model_is_listed():
    assert MODEL in [model.id for model in client.models.list()]


def test_every_answer_has_a_request_id():
    first, second = (client.chat.completions.create(**question())._request_id for _ in range(2))
    assert first and second and first != second


@scripted
def test_chunks_arrive_one_by_one():
    slow = {"mock": {"chunks": 5, "pace_ms": 200}}
    began = time.monotonic()
    arrivals = [time.monotonic() for _ in client.chat.completions.create(**question(), stream=True, extra_body=slow)]
    assert arrivals[0] - began < 0.4, "the first chunk waited for others"
    assert arrivals[-1] - arrivals[0] > 0.7


def test_after_a_stream_was_left_the_next_request_is_served():
    stream = client.chat.completions.create(**question(), stream=True)
    next(iter(stream))
    stream.close()
    assert client.chat.completions.create(**question()).choices


def test_many_streams_at_once_get_each_their_own_answer():
    async def all_of_them():
        async with openai.AsyncOpenAI(**GATEWAY) as gateway, openai.AsyncOpenAI(**DIRECT) as upstream:

            async def through_the_gateway(text):
                stream = await gateway.chat.completions.create(**question(text), stream=True)
                return text_of([chunk async for chunk in stream])

            async def asked_directly(text):
                answer = await upstream.chat.completions.create(**question(text))
                return answer.choices[0].message.content

            texts = [f"What is {n} plus {n}?" for n in range(CONCURRENT)]
            streamed = await asyncio.gather(*map(through_the_gateway, texts))
            return streamed, await asyncio.gather(*map(asked_directly, texts))

    streamed, expected = asyncio.run(all_of_them())
    assert streamed == expected


def test_a_wrong_key_is_an_authentication_error():
    stranger = openai.OpenAI(**{**GATEWAY, "api_key": "sk-nobody"})
    with pytest.raises(openai.AuthenticationError) as error:
        stranger.chat.completions.create(**question())
    assert (error.value.status_code, error.value.code) == (401, "invalid_api_key")
    with pytest.raises(openai.AuthenticationError):
        stranger.models.list()


def test_an_unknown_model_is_not_found():
    with pytest.raises(openai.NotFoundError) as error:
        client.chat.completions.create(**{**question(), "model": "no/such-model"})
    assert (error.value.status_code, error.value.code) == (404, "model_not_found")
    assert "no/such-model" in error.value.message


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"messages": []}', b'{"model": 7, "messages": []}'])
def test_a_body_that_is_no_request_is_a_bad_request(body):
    with pytest.raises(openai.BadRequestError) as error:
        client.post("/chat/completions", cast_to=object, content=body,
                    options={"headers": {"content-type": "application/json"}})
    assert error.value.type == "invalid_request_error"


def test_a_body_that_is_too_large_is_refused_by_its_size():
    with pytest.raises(openai.APIStatusError) as error:
        client.chat.completions.create(**question("x" * (64 << 20)))
    assert error.value.status_code == 413


@scripted
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, openai.BadRequestError), (422, openai.UnprocessableEntityError)],
)
def test_the_upstreams_word_on_a_clients_mistake_comes_back_unchanged(status, kind, stream):
    script = {"mock": {"status": status, "code": "context_length_exceeded"}}
    with pytest.raises(kind) as error:
        client.chat.completions.create(**question(), stream=stream, extra_body=script)
    assert (error.value.status_code, error.value.code) == (status, "context_length_exceeded")
    assert f"the script says {status}" in error.value.message


@scripted
def test_a_stream_that_the_upstream_breaks_off_is_an_error_not_a_short_answer():
    stream = client.chat.completions.create(**question(), stream=True, extra_body={"mock": {"cut_after": 3}})
    with pytest.raises(openai.APIError):
        list(stream)
