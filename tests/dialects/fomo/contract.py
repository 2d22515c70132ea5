"""What the protocol lists for each call of this dialect, and what is volatile in its answers."""

import json
import re

from dialects.sampling import OK, Samples
from hufu.dialects.fomo import DIALECT

SUCCESS = 1
NO_PARAMETER = "0"
SESSION = ("2", "3")
CODE = ("105", "106", "107")

CONTRACT = {
    "customer/register": (NO_PARAMETER, "5", "15", "16", "104"),
    "customer/complete_register": (NO_PARAMETER, *CODE, "15", "16"),
    "customer/login": (NO_PARAMETER, "11", "12", "54"),
    "customer/update_avatar": (NO_PARAMETER, *SESSION, "17", "18", "413"),
    "customer/get_user_info": SESSION,
    "customer/set_wallet_pwd": (NO_PARAMETER, *SESSION, "201"),
    "customer/set_info": (NO_PARAMETER, *SESSION),
    "customer/set_fomo_id": (NO_PARAMETER, *SESSION, "19"),
    "customer/rec_pwd1": (NO_PARAMETER, "5", "11"),
    "customer/rec_pwd2": (NO_PARAMETER, *CODE),
    "customer/set_pwd": (NO_PARAMETER, "54", "201"),
    "customer/bind_email": (NO_PARAMETER, *SESSION, "5", "14", "16", "108"),
    "customer/bind_phone": (NO_PARAMETER, *SESSION, "5", "13", "15", "108"),
    "customer/bind_completed": (NO_PARAMETER, *SESSION, *CODE, "15", "16", "108"),
    "customer/unbind_email": (NO_PARAMETER, *SESSION, "5", "54", "109"),
    "customer/unbind_phone": (NO_PARAMETER, *SESSION, "5", "54", "109"),
    "customer/unbind_completed": (NO_PARAMETER, *SESSION, *CODE, "54"),
    "any": (NO_PARAMETER, "404", "405", "413", "500", "503"),
}

VOLATILE = (
    re.compile(r'"(?:verify_id|tmp_user_id)":(?P<int>[^,}]+)'),
    re.compile(r'"verify_id":[0-9]+,"user_id":(?P<int>[^,}]+)'),  # The alias of rec_pwd1.
    re.compile(r'"data":\{"user_id":"?(?P<id>[^",}]+)'),
    re.compile(r'"user_info":\{"id":"(?P<id>[^"]*)"'),
    re.compile(r'"(?:session_key|tmp_session)":"(?P<hex40>[^"]*)"'),
    re.compile(r'"fomo_id":"fm_(?P<upper5>[^"]*)"'),
    re.compile(r'"name":"用户(?P<upper6>[^"]*)"'),
    re.compile(r'"(?:last_time|add_time|update_time)":"(?P<unix>[^"]*)"'),
    re.compile(r"/uploads/avatar/(?P<id>[^_]*)_(?P<unix>[^_]*)_(?P<lower12>[^.]*)\."),
    re.compile(r"(?m)^x-request-id: (?P<hex32>.*)$"),
)


def outcome(status: int, body: str) -> str:
    """The number in the envelope, or the HTTP status where it is not 200."""
    if status != 200:
        return str(status)
    envelope = json.loads(body)
    assert envelope["success"] is (envelope["status"] == SUCCESS)
    return OK if envelope["success"] else str(envelope["status"])


SAMPLES = Samples(DIALECT, CONTRACT, outcome, VOLATILE)
