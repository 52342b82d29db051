"""Who and what the demo tells of. Names are made up."""

from __future__ import annotations

# username, first name, last name, role
PEOPLE = (
    ("admin", "Della", "Crank", "Admin"),
    ("manager", "Rowan", "Sprocket", "Manager"),
    ("staff", "Milo", "Spoke", "Staff"),
    ("staff2", "Wren", "Saddle", "Staff"),
    ("free", "Otto", "Pedal", "Free"),
)

# name, description, manager, members
GROUPS = (
    ("Sales Office", "Leads, offers and the shop's chat", "manager", ("manager", "staff", "staff2")),
    ("Workshop", "Repairs and test rides", "manager", ("free", "staff2")),
    ("Management", "Who runs the shop", "admin", ("admin", "manager")),
)

COMPANIES = ("Hedge Couriers", "Marble Bakery", "Vale Primary School", "Plume & Daughters", "Acorn Gardens")

# name, company or None
CONTACTS = (
    ("Fern Puddle", None),
    ("Nora Thimble", None),
    ("Gus Marble", "Marble Bakery"),
    ("Tilly Brook", None),
    ("Basil Hedge", "Hedge Couriers"),
    ("Hugo Lantern", None),
    ("Mabel Thistle", None),
    ("Percy Acorn", "Acorn Gardens"),
    ("Odette Plume", "Plume & Daughters"),
    ("Juniper Vale", "Vale Primary School"),
    ("Clementine Rook", None),
    ("Silas Burrow", None),
    ("Ida Willow", None),
    ("Rufus Cobble", None),
    ("Greta Finch", None),
    ("Alma Birch", None),
    ("Otis Meadow", None),
    ("Pearl Harbour", None),
    ("Linus Glade", None),
    ("Vera Quill", None),
)

# what people ask a bicycle shop for, and about how much it costs
WISHES = (
    ("Gravel bike, 56 cm", 2450),
    ("Six commuter bikes", 7200),
    ("Cargo bike for deliveries", 5900),
    ("Child seat and trailer", 640),
    ("Fleet service contract", 12000),
    ("Wheel truing, tandem", 180),
    ("Folding bike for trains", 1290),
    ("Electric conversion kit", 980),
    ("Race wheels, carbon", 3150),
    ("Winter storage, 4 bikes", 320),
    ("Bike workshop day", 2000),
    ("Balance bike and helmet", 240),
)

LEADS = 60
STAGE_ORDER = ("New", "Talking", "Offer sent", "Negotiation", "Won", "Lost")

# text, type, responsible, author, due in days (negative: overdue) at this hour, completed with this result or None
TASKS = (
    ("Call Basil Hedge back about the fleet contract", "call", "manager", "admin", 2, 10, None, "Basil Hedge"),
    ("Check the offer for Marble Bakery before it goes out", "offer", "manager", "staff", 1, 11, None, "Gus Marble"),
    ("Order saddles for the school bikes", "todo", "manager", "staff2", -1, 15, None, "Juniper Vale"),
    ("Send photos of the child seat to Tilly Brook", "mail", "staff", "manager", 1, 9, None, "Tilly Brook"),
    ("Prepare the offer for six commuter bikes", "offer", "staff", "manager", 3, 14, None, "Nora Thimble"),
    ("Call Gus Marble about the cargo bike", "call", "staff", "manager", -1, 11, None, "Gus Marble"),
    ("Invite Fern Puddle for a test ride", "call", "staff", "staff", 1, 16, None, "Fern Puddle"),
    ("Ask the workshop about the tandem wheel", "todo", "staff", "staff2", 4, 10, None, "Hugo Lantern"),
    ("Follow up on the carbon wheels", "call", "staff2", "manager", 2, 15, None, "Odette Plume"),
    ("Confirm the workshop day with Juniper Vale", "meeting", "staff2", "manager", 5, 9, None, "Juniper Vale"),
    ("Answer Percy Acorn about the conversion kit", "mail", "staff2", "manager", -2, 16, None, "Percy Acorn"),
    (
        "Send the storage price list",
        "mail",
        "staff2",
        "manager",
        -3,
        10,
        "Sent, they will decide next week",
        "Juniper Vale",
    ),
    (
        "Measure Mabel Thistle for the folding bike",
        "meeting",
        "staff",
        "manager",
        -2,
        9,
        "Size M fits",
        "Mabel Thistle",
    ),
    ("Return the broken display", "todo", "staff2", "staff2", -4, 13, "Picked up", "Percy Acorn"),
)

LINE_NAME, LINE_NUMBER = "Shop telephone", "+1 555 0100"
FORM_NAME = "Test ride"

# who talks: the two of a direct chat, or a user group's name; then who says what, newest last
CHATS: tuple[tuple[tuple[str, str] | str, tuple[tuple[str, str], ...]], ...] = (
    (
        ("manager", "staff"),
        (
            ("manager", "Morning! Fern Puddle asked whether her gravel bike is ready for a ride."),
            ("staff", "Built up this morning. I will invite her for a test ride."),
            ("manager", "Perfect. Please offer her the wider saddle too."),
            ("staff", "The 56 cm frame is trued and ready, any time until six works."),
        ),
    ),
    (
        ("manager", "free"),
        (
            ("manager", "Otto, can the workshop true a tandem wheel before the weekend?"),
            ("free", "It stays on my stand. Two test rides on Saturday, both on the tandem."),
        ),
    ),
    (
        "Sales Office",
        (
            ("manager", "Welcome to the Sales Office. Announcements go here, so nobody misses one."),
            ("staff2", "The prices for the demo fleet are final."),
            ("staff", "Two test rides on Saturday, both on the 56. Could somebody bring it up from the workshop?"),
            ("manager", "It is on the stand, trued and washed."),
            ("staff2", "@manager the demo fleet is booked out on the 30th. Do we promise it to the school anyway?"),
            ("staff", "Thursday is free. I can move mine."),
            ("staff2", "Then I will call Juniper Vale about Thursday."),
        ),
    ),
)

# of the third chat: what comes with a message (by its place): a file, the message that it answers, who reacts how
EXTRAS: dict[int, dict[int, dict[str, object]]] = {
    2: {
        1: {"file": "demo-fleet-autumn.pdf"},
        3: {
            "file": "gravel-56-stand.jpg",
            "reply_to": 2,
            "reactions": (("staff", "👍"), ("staff2", "👍"), ("staff", "🚲")),
        },
        5: {"edited": "Thursday is free. I can move mine to Friday."},
    }
}

# what was written down on cards, one after the other
NOTES = (
    "Rides 14 km to work, half of it gravel. Wants mudguards and a dynamo.",
    "Compared us with the chain store: they are 80 cheaper, but without service.",
    "Tall (1.92 m): show the 60 cm frame first.",
    "Decides after the holidays. Best reached after five.",
    "Asked for leasing over the employer; sent the leaflet.",
    "Has an old steel frame that could be taken in part payment.",
    "Wants to see the workshop before signing anything.",
    "The invoice goes to the school board, not to the school.",
    "Test ride went well, only the saddle was too narrow.",
    "Needs delivery: no car, third floor.",
)

# the internal chats of cards: the lead's name, then who says what, newest last
CARD_CHATS = (
    (
        "Cargo bike for deliveries",
        (
            ("manager", "Gus wants the box in the bakery's colours. @staff can we get it powder-coated?"),
            ("staff", "Yes, ten days. I put it into the offer as an extra."),
            ("manager", "Good. He pays half in advance."),
        ),
    ),
    (
        "Wheel truing, tandem",
        (
            ("staff2", "@free can you look at this one on Thursday? Both wheels."),
            ("free", "Thursday works. The rear needs two new spokes."),
        ),
    ),
    (
        "Fleet service contract",
        (
            ("staff2", "Basil asks for a fixed price per bike and month."),
            ("manager", "19 with two check-ups a year; not below 17. @staff2 please write it into the offer."),
            ("staff2", "Done, version 2 is with him."),
        ),
    ),
)
