"""Responses that came with a success and are read, and whether a request goes again where none helps."""

from __future__ import annotations

from traceback import clear_frames
from typing import TYPE_CHECKING, TypeVar

from mstr_arrow.errors import ProtocolError
from mstr_arrow.http.retry import Failed, Unreadable, is_to_confirm, leaves_open

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Unpack

    from mstr_arrow.http.cookies import SessionKeys
    from mstr_arrow.http.exchange import Delivery
    from mstr_arrow.http.request import Options, Request
    from mstr_arrow.http.response import Response

T = TypeVar("T")


async def read_by(
    send: Callable[..., Awaitable[Response]],
    method: str,
    path: str,
    reader: Callable[[Response], T],
    *,
    keys: SessionKeys | None,
    **options: Unpack[Options],
) -> T:
    """Send a request by ``send``, and return what ``reader`` makes of the response, which is read once."""
    found: list[T] = []

    async def check(response: Response) -> None:
        found.append(reader(response))

    await send(method, path, keys=keys, check=check, **options)
    return found[-1]


async def check_response(response: Response, request: Request) -> None:
    """Have the sender of a request read the response; raise Failed where it is not what it should be."""
    if request.check is None:
        return
    try:
        await request.check(response)
    except ProtocolError as error:
        _empty(error)
        raise Unreadable(error, repeatable=False, status=response.status, size=len(response.body)) from None
    finally:
        if response.reservation is not None:
            response.reservation.release()
        del response


def _empty(error: BaseException) -> None:
    """Clear the frames of an error and of what caused it, which hold the body, unpacked and parsed."""
    each: BaseException | None = error
    while each is not None:
        clear_frames(each.__traceback__)
        each = each.__cause__


async def may_go_again(failed: Failed, delivery: Delivery) -> bool:
    """Say whether a request goes again after an error that time alone does not mend.

    So does a safe one whose response cannot be read: as often as any, but once where no session is open yet, as it
    may be another server's. So does one, once, that denies that something is there under a status that tells of
    trouble; and one that makes something, where its sender has seen to what may have been made.
    """
    request = delivery.request
    unreadable = isinstance(failed, Unreadable)
    if request.safe or (unreadable and request.method == "GET"):
        if unreadable and delivery.keys.token is not None:
            return True
        doubtful = unreadable or is_to_confirm(failed.error)
        return doubtful and not any(type(before) is type(failed.error) for before in delivery.failures)
    if request.lost is None or not (unreadable or leaves_open(failed.error)):
        return False
    return await request.lost()
