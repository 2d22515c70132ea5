"""What the protocol lists for each call of this dialect, and what is volatile in its answers."""

import json
import re

from dialects.sampling import OK, Samples
from hufu.dialects.fomo import DIALECT

SUCCESS = 1
NO_PARAMETER = "0"
SESSION = ("2", "3")
CODE = ("105", "106", "107")
CODE_WITH_DIGITS = "0A1B2C1D"
"""An invitation code that cases give to somebody; it is shown as it is."""

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
    "customer/get_newbee_award": SESSION,
    "customer/get_today_award": SESSION,
    "customer/get_invitation": SESSION,
    "customer/set_invitation": (NO_PARAMETER, *SESSION, "102", "103"),
    "customer/sign_in_today": (*SESSION, "202"),
    "customer/get_children": (NO_PARAMETER, *SESSION),
    "customer/submit_word": (NO_PARAMETER, *SESSION, "203", "204", "205"),
    "customer/subscribe_counts": (),
    "customer/subscribe_libra": SESSION,
    "any": (NO_PARAMETER, "404", "405", "413", "500", "503"),
}

VOLATILE = (
    re.compile(r'"(?:verify_id|tmp_user_id)":(?P<int>[^,}]+)'),
    re.compile(r'"verify_id":[0-9]+,"user_id":(?P<int>[^,}]+)'),  # The alias of rec_pwd1.
    re.compile(r'"data":\{"user_id":"?(?P<id>[^",}]+)'),
    re.compile(r'"user_info":\{"id":"(?P<id>[^"]*)"'),
    re.compile(r'"(?:session_key|tmp_session)":"(?P<hex40>[^"]*)"'),
    re.compile(r'"fomo_id":"fm_(?P<upper5>[^"]*)"'),
    re.compile(r'"(?:user_)?name":"用户(?P<upper6>[^"]*)"'),
    re.compile(r'"(?:last_time|add_time|update_time|create_time)":"?(?P<unix>[^",}]+)'),
    re.compile(r'\{"id":"(?P<int>[^"]*)","(?:user_id|word)":'),  # An award's, or a word's.
    re.compile(r'"reward_id":(?P<int>[^,}]+)'),
    re.compile(rf'"(?:parent_)?code":"(?!{CODE_WITH_DIGITS})(?P<base32x8>[^"]{{8}})"'),
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
