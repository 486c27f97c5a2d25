"""Makes ``ansible_collections.sharepoint.mail`` importable from a checkout that lies anywhere."""

from __future__ import annotations

import atexit
import pathlib
import shutil
import tempfile

from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

_CHECKOUT = pathlib.Path(__file__).parents[2]


def _install_finder() -> None:
    """Collections are found by their place in a tree, so a tree with a link is made. Other collections' unit tests call the same class."""
    tree = pathlib.Path(tempfile.mkdtemp(prefix="collections-"))
    atexit.register(shutil.rmtree, tree)
    namespace = tree / "ansible_collections" / "sharepoint"
    namespace.mkdir(parents=True)
    (namespace / "mail").symlink_to(_CHECKOUT, target_is_directory=True)
    _AnsibleCollectionFinder(paths=[str(tree)])._install()


# ansible-test has its own tree and finder, mutmut its own tree on the path.
if "ansible_collections" not in str(_CHECKOUT) and not (_CHECKOUT / "ansible_collections").exists():
    _install_finder()
