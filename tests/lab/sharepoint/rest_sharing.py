"""Users, role assignments and sharing over REST."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from urllib.parse import quote, unquote

from tests.lab.sharepoint.content import SPWeb
from tests.lab.sharepoint.lists import Item, SPList
from tests.lab.sharepoint.messages import Sender, compose, invitation_body
from tests.lab.sharepoint.odata import Collection, Complex, Entity, RestError, Value, objects, read_body
from tests.lab.sharepoint.principals import GRANTED, RoleDefinition, SharingRole, SPUser
from tests.lab.sharepoint.rest_content import ContentApi
from tests.lab.sharepoint.rest_request import ITEM, TEXT, Request, Result, Route, denied, unquoted
from tests.lab.sharepoint.smtp import Mailer, Process
from tests.lab.sharepoint.web_application import MailSettings

ASSIGNMENT = ITEM + r"/roleassignments(?:/getbyprincipalid)?\((?P<principal>\d+)\)"


class SharingApi:
    """Who may do what in one web, and who is told. ``override_works``: whether the envelope sender override has an effect."""

    def __init__(
        self,
        web: SPWeb,
        content: ContentApi,
        settings: Callable[[], MailSettings],
        process: Process,
        mailer: Mailer,
        override_works: bool,
    ) -> None:
        self._web = web
        self._content = content
        self._settings = settings
        self._process = process
        self._mailer = mailer
        self._override_works = override_works

    def routes(self) -> list[Route]:
        return [
            ("GET", r"/web/siteusers", lambda request, match: (200, [self.user_entity(user) for user in self._web.users])),
            ("GET", r"/web/siteusers(?:/getbyid)?\((?P<principal>\d+)\)", self._user),
            ("GET", r"/web/getuserbyid\((?P<principal>\d+)\)", self._user),
            ("GET", rf"/web/siteusers/getbyemail\('(?P<email>{TEXT})'\)", self._user_by_email),
            ("POST", r"/sp\.sharing\.documentsharingmanager\.updatedocumentsharinginfo", self._share),
            ("GET", ITEM + r"/hasuniqueroleassignments", self._has_own_assignments),
            ("GET", ITEM + r"/roleassignments", self._assignments),
            ("GET", ASSIGNMENT, self._assignment),
            ("DELETE", ASSIGNMENT, self._remove_assignment),
            ("POST", ITEM + r"/breakroleinheritance\((?P<arguments>.*)\)", self._break_inheritance),
            ("POST", ITEM + r"/resetroleinheritance", self._reset_inheritance),
        ]

    # Users

    def _by_number(self, match: re.Match[str]) -> SPUser:
        for user in self._web.users:
            if user.number == int(match["principal"]):
                return user
        raise RestError(404, "-2146232832, Microsoft.SharePoint.SPException", "User cannot be found.")

    def _user(self, request: Request, match: re.Match[str]) -> Result:
        return 200, self.user_entity(self._by_number(match))

    def _user_by_email(self, request: Request, match: re.Match[str]) -> Result:
        wanted = unquoted(match["email"]).lower()
        for user in self._web.users:
            if wanted and user.email.lower() == wanted:
                return 200, self.user_entity(user)
        raise RestError(404, "-2146232832, Microsoft.SharePoint.SPException", "User cannot be found.")

    def _owner(self, request: Request) -> SPUser:
        user = self._web.user(request.account)
        if user is None or not user.owner:
            raise denied()
        return user

    def user_entity(self, user: SPUser) -> Entity:
        properties = {
            "Id": user.number,
            "LoginName": user.login_name,
            "Title": user.name,
            "Email": user.email,
            "PrincipalType": 4 if user.is_domain_group else 1,
            "IsSiteAdmin": user.is_site_administrator,
        }
        return Entity("SP.User", f"{self._web.url}/_api/Web/GetUserById({user.number})", properties)

    # Role assignments

    def _has_own_assignments(self, request: Request, match: re.Match[str]) -> Result:
        _unused, item = self._content.item_of(match)
        return 200, Value("HasUniqueRoleAssignments", item.assignments is not None)

    def _assignments(self, request: Request, match: re.Match[str]) -> Result:
        of, item = self._content.item_of(match)
        found = self._web.assignments(item)
        return 200, [self._assignment_entity(of, item, number, roles, request) for number, roles in found.items()]

    def _assigned(self, match: re.Match[str]) -> tuple[SPList, Item, int, list[RoleDefinition]]:
        of, item = self._content.item_of(match)
        number = self._by_number(match).number
        roles = self._web.assignments(item).get(number)
        if roles is None:
            message = f"Can not find the principal with id: {number}."
            raise RestError(404, "-2146232832, Microsoft.SharePoint.SPException", message)
        return of, item, number, roles

    def _assignment(self, request: Request, match: re.Match[str]) -> Result:
        of, item, number, roles = self._assigned(match)
        return 200, self._assignment_entity(of, item, number, roles, request)

    def _remove_assignment(self, request: Request, match: re.Match[str]) -> Result:
        self._owner(request)
        _of, item, number, _roles = self._assigned(match)
        if item.assignments is None:
            message = "This operation is not allowed on an object that inherits permissions."
            raise RestError(400, "-2146233079, System.InvalidOperationException", message)
        del item.assignments[number]
        return 200, None

    def _break_inheritance(self, request: Request, match: re.Match[str]) -> Result:
        self._owner(request)
        _unused, item = self._content.item_of(match)
        self._web.break_inheritance(item, "copyroleassignments=true" in match["arguments"].replace(" ", "").lower())
        return 200, Value("BreakRoleInheritance", None)

    def _reset_inheritance(self, request: Request, match: re.Match[str]) -> Result:
        self._owner(request)
        _unused, item = self._content.item_of(match)
        item.assignments = None
        return 200, Value("ResetRoleInheritance", None)

    def _assignment_entity(self, of: SPList, item: Item, number: int, roles: list[RoleDefinition], request: Request) -> Entity:
        uri = f"{self._web.url}/_api/Web/Lists(guid'{of.id}')/Items({item.number})/RoleAssignments/GetByPrincipalId({number})"
        properties: dict[str, object] = {"PrincipalId": number}
        expanded = request.names("$expand")
        if "member" in expanded:
            properties["Member"] = next(self.user_entity(user) for user in self._web.users if user.number == number)
        if "roledefinitionbindings" in expanded:
            properties["RoleDefinitionBindings"] = [self._role_entity(role) for role in roles]
        return Entity("SP.RoleAssignment", uri, properties)

    def _role_entity(self, role: RoleDefinition) -> Entity:
        properties = {"Id": role.number, "Name": role.name, "RoleTypeKind": role.kind, "Hidden": False}
        return Entity("SP.RoleDefinition", f"{self._web.url}/_api/Web/RoleDefinitions({role.number})", properties)

    # Sharing: SPDocumentSharingManager.UpdateDocumentSharingInfo

    def _share(self, request: Request, match: re.Match[str]) -> Result:
        inviting = self._owner(request)
        wanted = read_body(request.body, request.content_type, None)
        address = unquote(str(wanted.get("resourceAddress") or ""))
        of, item = self._content.securable(address)
        additive, notify = wanted.get("additiveMode") is True, wanted.get("sendServerManagedNotification") is True
        invited = [_invitation(entry) for entry in objects(wanted.get("userRoleAssignments"))]
        results = []
        for name, role in invited:
            user = self._web.find_user(name)
            if user is not None:
                self._grant(item, user, role, additive)
            results.append(_sharing_result(name, user, role))
            if user is not None and user.email and notify and role is not SharingRole.NONE:
                self._invite(inviting, user, of, item, str(wanted.get("customMessage") or ""), request.correlation)
        return 200, Value("UpdateDocumentSharingInfo", Collection("SP.Sharing.UserSharingResult", results))

    def _grant(self, item: Item, user: SPUser, role: SharingRole, additive: bool) -> None:
        assignments = self._web.break_inheritance(item)
        if role is SharingRole.NONE:
            assignments.pop(user.number, None)
            return
        before = assignments.get(user.number, []) if additive else []
        assignments[user.number] = [*(one for one in before if one != GRANTED[role]), GRANTED[role]]

    def _invite(self, inviting: SPUser, user: SPUser, of: SPList, item: Item, text: str, correlation: uuid.UUID) -> None:
        """A mail from the person who shares, unless the web application insists on its own address. What becomes of it nobody is told."""
        settings = self._settings()
        own = not inviting.email or (settings.override_envelope_sender is True and self._override_works)
        sender = Sender.of(settings, self._web.title) if own else Sender(inviting.name, inviting.email)
        page = item.name or f"DispForm.aspx?ID={item.number}"
        url = f"{self._web.url}{quote(of.folder)}/{page if not item.name else quote(page)}"
        subject = f"{inviting.name} has shared '{item.label}' with you"
        envelope = compose(settings, sender, [user.email], [], [], subject, invitation_body(inviting.name, item.label, text, url), {})
        self._mailer.send(self._process, settings, envelope, correlation)


def _invitation(entry: dict[str, object]) -> tuple[str, SharingRole]:
    role = entry.get("Role")
    if not isinstance(role, int) or role not in list(SharingRole):
        message = f"Cannot convert a primitive value to the expected type 'SP.Sharing.Role': {role}."
        raise RestError(400, "-1, Microsoft.SharePoint.Client.InvalidClientQueryException", message)
    return str(entry.get("UserId") or ""), SharingRole(role)


def _sharing_result(name: str, user: SPUser | None, role: SharingRole) -> Complex:
    return Complex(
        "SP.Sharing.UserSharingResult",
        {
            "AllowedRoles": Collection("Edm.Int32", [int(one) for one in GRANTED] if user else []),
            "CurrentRole": int(role) if user else 0,
            "DisplayName": user.name if user else None,
            "Email": user.email if user else None,
            "IsUserKnown": user is not None,
            "Message": None if user else f"The user {name} could not be found.",
            "Status": user is not None,
            "User": user.login_name if user else name,
        },
    )
