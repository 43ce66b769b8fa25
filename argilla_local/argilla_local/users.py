"""Makes the server's users and workspace what the credentials say. Knows the server's tables.

May run while the server does: both write to one database, and a user is one transaction.
"""

from __future__ import annotations

from argilla_local.credentials import Credentials


async def ensure(credentials: Credentials) -> None:
    """Who is missing is made; whose API key differs gets the key and password of the credentials.
    Nobody is deleted."""
    from argilla_server.contexts import accounts
    from argilla_server.database import AsyncSessionLocal
    from argilla_server.models import User, Workspace, WorkspaceUser

    async with AsyncSessionLocal() as db:
        space = await Workspace.get_by(db, name=credentials.workspace)
        space = space or await Workspace.create(db, name=credentials.workspace)
        for user in credentials.users:
            found = await accounts.get_user_by_username(db, user.name)
            if found is None:
                await User.create(
                    db,
                    first_name=user.name,
                    username=user.name,
                    role=user.role,
                    api_key=user.api_key,
                    password_hash=accounts.hash_password(user.password),
                    workspaces=[space],
                )
                continue
            if found.api_key != user.api_key:
                hashed = accounts.hash_password(user.password)
                await found.update(db, api_key=user.api_key, password_hash=hashed)
            if space.id not in [each.id for each in found.workspaces]:
                await WorkspaceUser.create(db, workspace_id=space.id, user_id=found.id)
