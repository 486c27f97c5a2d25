"""Exchange Web Services for mailboxes: the inbox is searched, read and emptied over SOAP, with the messages that IMAP shows too."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping

from tests.lab.directory import Account
from tests.lab.exchange.ews_messages import COMPLEX, PLAIN, TYPES, Element, EwsError, item, local_name, make, matches, sort_key
from tests.lab.mailboxes import Mailboxes, Stored

MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
FOLDERS = {"root": "Root", "msgfolderroot": "Top of Information Store", "inbox": "Inbox"}
"""Distinguished folders that exist here, and their names."""
_PARENTS = {"root": "root", "msgfolderroot": "root", "inbox": "msgfolderroot"}


class Service:
    """The operations, for one account that has proved itself."""

    def __init__(self, mailboxes: Mailboxes, account: Account) -> None:
        self._mailboxes = mailboxes
        self._account = account
        self._operations: Mapping[str, Callable[[Element], list[Element]]] = {
            "ConvertId": self._convert_ids,
            "GetFolder": self._get_folders,
            "FindFolder": self._find_folders,
            "FindItem": self._find_items,
            "GetItem": self._get_items,
            "DeleteItem": self._delete_items,
        }

    def answer(self, request: Element) -> Element:
        """The body of the answer: a response, in which single things may have failed. Raises EwsError for the request as a whole."""
        name = local_name(request)
        if name not in self._operations:
            raise EwsError("ErrorInvalidRequest", f"The lab does not implement {name}.")
        try:
            contents = self._operations[name](request)
        except EwsError as error:
            contents = [_refusal(error)]
        response, messages = Element(f"{{{MESSAGES}}}{name}Response"), Element(f"{{{MESSAGES}}}ResponseMessages")
        response.append(messages)
        for content in contents:
            content.tag = f"{{{MESSAGES}}}{name}ResponseMessage"
            messages.append(content)
        return response

    def _each(self, request: Element, container: str, answer: Callable[[Element], Element | None], holder: str) -> list[Element]:
        """A response message for each thing that the request names."""
        contents = []
        for one in _child(request, container):
            try:
                shown = answer(one)
                contents.append(_success([_holding(holder, [] if shown is None else [shown])] if holder else []))
            except EwsError as error:
                contents.append(_refusal(error))
        return contents

    def _convert_ids(self, request: Element) -> list[Element]:
        raise EwsError("ErrorInvalidIdMalformed", "Id is malformed.")

    def _get_folders(self, request: Element) -> list[Element]:
        return self._each(request, "FolderIds", lambda one: self._folder(self._folder_name(one)), "Folders")

    def _find_folders(self, request: Element) -> list[Element]:
        parents = [self._folder_name(one) for one in _child(request, "ParentFolderIds")]
        deep = request.get("Traversal") == "Deep"
        below = [
            name
            for name in FOLDERS
            if name != "root" and any(_PARENTS[name] == parent or (deep and parent == "root") for parent in parents)
        ]
        folders = make("Folders", children=[self._folder(name) for name in below])
        return [_success([_page(folders, len(below), len(below))])]

    def _find_items(self, request: Element) -> list[Element]:
        for parent in _child(request, "ParentFolderIds"):
            if self._folder_name(parent) != "inbox":
                return [_success([_page(make("Items"), 0, 0)])]
        found = list(self._inbox())
        restriction = request.find(f"{{{MESSAGES}}}Restriction")
        if restriction is not None:
            found = [message for message in found if matches(restriction[0], message)]
        for order in reversed(request.findall(f"{{{MESSAGES}}}SortOrder/{{{TYPES}}}FieldOrder")):
            found.sort(key=sort_key(order[0].get("FieldURI", "")), reverse=order.get("Order") == "Descending")
        view = request.find(f"{{{MESSAGES}}}IndexedPageItemView")
        offset = 0 if view is None else int(view.get("Offset", 0))
        end = len(found) if view is None else offset + int(view.get("MaxEntriesReturned", len(found)))
        wanted = _shape(request)
        items = make("Items", children=[item(message, self._item_id(message), wanted, True) for message in found[offset:end]])
        return [_success([_page(items, len(found), min(end, len(found)))])]

    def _get_items(self, request: Element) -> list[Element]:
        wanted = _shape(request)

        def get(one: Element) -> Element:
            message = self._message(one)
            return item(message, self._item_id(message), wanted, False)

        return self._each(request, "ItemIds", get, "Items")

    def _delete_items(self, request: Element) -> list[Element]:
        def delete(one: Element) -> None:
            self._mailboxes.remove(self._address, self._message(one).uid)

        return self._each(request, "ItemIds", delete, "")

    @property
    def _address(self) -> str:
        return self._account.mail or ""

    def _inbox(self) -> list[Stored]:
        try:
            return list(self._mailboxes.messages(self._address))
        except KeyError:
            raise EwsError("ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it.") from None

    def _folder_name(self, folder_id: Element) -> str:
        """A distinguished folder of the account's own mailbox; nobody here opens another's."""
        name, owner = folder_id.get("Id", ""), self._address
        mailbox = folder_id.find(f"{{{TYPES}}}Mailbox/{{{TYPES}}}EmailAddress")
        if local_name(folder_id) == "FolderId":
            owner, _unused, name = _decoded(name).partition("|")
        elif mailbox is not None:
            owner = mailbox.text or ""
        if not self._address or owner.lower() != self._address.lower():
            raise EwsError("ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it.")
        if name not in FOLDERS:
            raise EwsError("ErrorFolderNotFound", "The specified folder could not be found in the store.")
        return name

    def _folder(self, name: str) -> Element:
        messages = self._inbox() if name == "inbox" else []
        below = sum(parent == name and child != name for child, parent in _PARENTS.items())
        return make(
            "Folder",
            children=[
                make("FolderId", Id=_encoded(f"{self._address}|{name}"), ChangeKey="AQAAAA=="),
                make("ParentFolderId", Id=_encoded(f"{self._address}|{_PARENTS[name]}"), ChangeKey="AQAAAA=="),
                *([make("FolderClass", "IPF.Note")] if name == "inbox" else []),
                make("DisplayName", FOLDERS[name]),
                make("TotalCount", str(len(messages))),
                make("ChildFolderCount", str(below)),
                make("UnreadCount", str(sum(not message.read for message in messages))),
            ],
        )

    def _item_id(self, message: Stored) -> Element:
        return make("ItemId", Id=_encoded(f"{self._address}|{message.uid}"), ChangeKey="CQAAAA==")

    def _message(self, item_id: Element) -> Stored:
        owner, _unused, uid = _decoded(item_id.get("Id", "")).partition("|")
        if owner == self._address:
            for message in self._inbox():
                if str(message.uid) == uid:
                    return message
        raise EwsError("ErrorItemNotFound", "The specified object was not found in the store.")


def _shape(request: Element) -> list[str]:
    """The properties that a request asks for, besides the id."""
    base = next((element.text for element in request.iter(f"{{{TYPES}}}BaseShape")), "IdOnly")
    wanted = {"IdOnly": [], "Default": ["item:Subject", "message:From"]}.get(base or "", [*PLAIN, *COMPLEX])
    if any(element.text == "true" for element in request.iter(f"{{{TYPES}}}IncludeMimeContent")):
        wanted = [*wanted, "item:MimeContent"]
    fields = request.findall(f"*/{{{TYPES}}}AdditionalProperties/{{{TYPES}}}FieldURI")
    return list(dict.fromkeys([*wanted, *(element.get("FieldURI", "") for element in fields)]))


def _child(request: Element, name: str) -> Element:
    found = request.find(f"{{{MESSAGES}}}{name}")
    if found is None:
        raise EwsError("ErrorSchemaValidation", f"The request failed schema validation: {name} is missing.")
    return found


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise EwsError("ErrorInvalidIdMalformed", "Id is malformed.") from None


def _holding(name: str, children: list[Element]) -> Element:
    element = Element(f"{{{MESSAGES}}}{name}")
    element.extend(children)
    return element


def _page(content: Element, total: int, end: int) -> Element:
    page = _holding("RootFolder", [content])
    page.attrib.update(TotalItemsInView=str(total), IndexedPagingOffset=str(end), IncludesLastItemInRange=str(end >= total).lower())
    return page


def _success(children: list[Element]) -> Element:
    message = Element("message", {"ResponseClass": "Success"})
    message.extend([_messages_text("ResponseCode", "NoError"), *children])
    return message


def _refusal(error: EwsError) -> Element:
    message = Element("message", {"ResponseClass": "Error"})
    message.extend([_messages_text("MessageText", str(error)), _messages_text("ResponseCode", error.code)])
    return message


def _messages_text(name: str, text: str) -> Element:
    element = Element(f"{{{MESSAGES}}}{name}")
    element.text = text
    return element
