"""The headers that every answer has, pages and Starlette's own refusals included."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hufu.wire.answers import STANDING_HEADERS


def standing(page: ASGIApp) -> ASGIApp:
    """The page, its answers completed by the standing headers that they lack."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ())]
                present = {name.lower() for name, _ in headers}
                headers += [each for each in STANDING_HEADERS if each[0] not in present]
                message = {**message, "headers": headers}
            await send(message)

        await page(scope, receive, complete)

    return answer
