"""What clients of the demo's bicycle shop write. Names are made up."""

from __future__ import annotations

GREETING = "Hello! Questions about bikes, repairs or your order? Write to us."
OFFLINE = "We are out riding. Leave your address, and we will answer by mail."

# Who wrote, and what was said ("client", or the colleague's user name); minutes since the last message.
OPEN_TALKS = (
    ("Tilly Brook", ("client", "Is the gravel bike in 56 cm in stock?"), ("staff", "It is! Two are on the floor."), 38),
    ("Hugo Lantern", ("client", "My order 1142 has not arrived yet."), ("staff2", "I am asking the courier now."), 55),
    (
        "Percy Acorn",
        ("client", "Could you service twelve bikes in May?"),
        ("manager", "Gladly. I will send an offer."),
        90,
    ),
    ("Nora Thimble", ("client", "Which child seat fits my bike?"), ("staff2", "Which frame do you have?"), 130),
    ("Silas Burrow", ("client", "Can I change the test ride to Friday?"), ("staff", "Friday at 4 works."), 170),
    ("Odette Plume", ("client", "Do you store bikes in winter?"), ("manager", "Yes, from November."), 240),
)

# Nobody has taken these; the first has waited the longest.
WAITING_TALKS = (
    ("Poppy Lark", "poppy.lark@example.org", "Hi, do you repair e-bikes of other brands too?", 12),
    ("Barnaby Reed", "barnaby.reed@example.org", "What would six commuter bikes cost for our office?", 4),
)

# Closed talks of the last month: who served, the score or None, what the client added.
CLOSED_TALKS = (
    ("Fern Puddle", "staff", 9, ""),
    ("Gus Marble", "staff2", 10, "So quick!"),
    ("Basil Hedge", "manager", 8, ""),
    ("Mabel Thistle", "staff", 4, "I had to ask three times"),
    ("Juniper Vale", "staff2", 9, ""),
    ("Clementine Rook", "staff", None, ""),
    ("Ida Willow", "staff2", 10, ""),
    ("Rufus Cobble", "staff", 7, ""),
    ("Greta Finch", "manager", 10, "Lovely people"),
    ("Alma Birch", "staff", 6, "Fine, but slow"),
    ("Otis Meadow", "staff2", None, ""),
    ("Pearl Harbour", "staff", 9, ""),
)

# Answers that everybody uses; {client} and {me} are filled in.
SAVED_ANSWERS = (
    ("Opening hours", "We are open Monday to Friday from 9 to 6, and on Saturday until 2."),
    ("Workshop slot", "Hello {client}, the workshop is free on Thursday from 10. Shall I keep it for you?"),
    ("Repairs of other brands", "Yes, we repair every brand. Bring it in, a first look is free."),
    ("Thanks", "Thank you for writing, {client}! {me}, your bicycle shop"),
)

# What is asked and answered on usual days, the client first.
USUAL_TALKS = (
    ("Do you have the city bike in green?", "Yes, in three sizes. Come and try one!", "Great, see you on Saturday."),
    ("My brakes squeak. Can you look at them?", "Gladly, tomorrow from 9. It takes half an hour."),
    ("How long is the waiting time for a service?", "Four days at the moment.", "Fine, please book me.", "Done!"),
    ("Which lock do you recommend?", "The folding one: safe enough, and light."),
    ("Is the helmet in M back in stock?", "It came in this morning. Shall I keep one?", "Yes please.", "It is yours."),
    ("Do you take old bikes in exchange?", "We do. Send us a photo, and we tell you a price."),
    ("The chain skips since yesterday.", "It is probably worn. Bring it in, we measure it at once."),
    ("Can I pay by card?", "Of course, and in instalments too.", "Perfect."),
)
