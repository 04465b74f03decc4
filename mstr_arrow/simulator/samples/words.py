"""Words that the sample data are made of: accents, quotes, back-slashes, emoji and CJK included."""

from __future__ import annotations

REGIONS = ("North", "South", "East", "West", "Übersee")
CHANNELS = ("Store", "Web", "Phone")
CITIES = (
    *("Malmö", "Ålesund", "Tromsø", "Oulu", "Aarhus", "Gdańsk", "Rīga", "Tallinn"),
    *("Lyon", "Málaga", "Évora", "Bari", "Nîmes", "A Coruña", "Palermo", "Faro"),
    *("Kraków", "Łódź", "Brno", "Győr", "Timișoara", "Košice", "Plzeň", "Szeged"),
    *("Cork", "Leeds", "Brest", "Bristol", "Saint-Malo", "Galway", "Cardiff", "Le Mans"),
    *("São Paulo", "Bogotá", "Québec", "東京", "Nouméa", "Reykjavík", "Nuuk", "Papeete"),
)
PLACES = (
    *("Central", "Harbour", "Old Town", "Station", 'The "Arcade"', "L'Atelier", "Market\\Hall"),
    *("Hauptstraße 1", "Piazza d'Oro", "Mall [2]"),
)
MATERIALS = (
    *("Oak", "Steel", "Linen", "Wool", "Glass", "Bamboo", "Copper", "Clay", "Leather", "Cotton"),
    *("Birch", "Marble", "Brass", "Cork", "Silk", "Felt", "Stone", "Rattan", "Enamel", "Walnut"),
)
THINGS = (
    *("Table", "Lamp", "Chair", "Shelf", "Bowl", "Vase", "Blanket 🧶", "Teapot 茶壶", "Clock ⏰", "Basket"),
    *("Mirror", "Stool", "Rug", "Mug ☕", "Plate", "Bench", "Crate", "Desk", "Kettle", "Fächer 扇子"),
)
SIZES = ("XS", "S", "M", "L", "XL")
QUALITIES = (
    *("Alpine", "Amber", "Baltic", "Blue", "Bright", "Cedar", "Coastal", "Copper", "Crown", "Delta"),
    *("Eastern", "Elm", "Evergreen", "First", "Golden", "Grand", "Green", "Harbour", "High", "Iron"),
    *("Ivory", "Lakeside", "Lime", "Linden", "Lunar", "Maple", "Meadow", "Nordic", "North", "Oak"),
    *("Pine", "Prime", "Quiet", "River", "Royal", "Silver", "Solar", "Stone", "Union", "West"),
)
TRADES = (
    *("Bakery", "Books", "Bikes", "Brewery", "Ceramics", "Chemists", "Cinema", "Cleaners", "Clinic", "Coffee"),
    *("Dairy", "Dental", "Design", "Electric", "Energy", "Farms", "Fashion", "Fisheries", "Florists", "Foods"),
    *("Freight", "Furniture", "Gardens", "Glass", "Hotel", "Interiors", "Kitchens", "Labs", "Laundry", "Logistics"),
    *("Media", "Mills", "Motors", "Music", "Optics", "Paper", "Pharmacy", "Plumbing", "Press", "Printing"),
    *("Rentals", "Repairs", "Roofing", "Salon", "Shoes", "Sports", "Tailors", "Textiles", "Tools", "Travel"),
)
LEGAL_FORMS = ("Ltd", "GmbH", "S.A.", "Sp. z o.o.", "AB", "Oy", "B.V.", "& Sons", "& Søn", "Co-op")
