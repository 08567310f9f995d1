"""Reads and writes a .trussrc with the real Truss: a JSON question on stdin, a JSON answer on stdout."""

import configparser
import json
import sys
from pathlib import Path

from truss.cli.auth import do_login
from truss.remote import remote_factory


def read_text(text):
    """What Python finds in a text; None: it refuses the text. A value of None: it refuses that value."""
    config = configparser.ConfigParser()
    try:
        config.read_string(text)
    except configparser.Error:
        return None
    return {name: {key: read_value(config, name, key) for key in config[name]} for name in config.sections()}


def read_value(config, name, key):
    try:
        return config[name][key]
    except configparser.Error:
        return None


question = json.load(sys.stdin)
output, sys.stdout = sys.stdout, sys.stderr
remote_factory.USER_TRUSSRC_PATH = Path(question["path"])
for login in question["logins"]:
    do_login(browser=False, api_key=login["key"], remote=login["remote"])
names = remote_factory.RemoteFactory.get_available_config_names()
remotes = {name: dict(remote_factory.RemoteFactory.load_remote_config(name).configs) for name in names}
json.dump({"remotes": remotes, "texts": [read_text(text) for text in question["texts"]]}, output)
