-- A shop for music: artists, albums, tracks, and what customers have paid.
CREATE TABLE artist (id INTEGER PRIMARY KEY, name TEXT, country TEXT);
CREATE TABLE album (id INTEGER PRIMARY KEY, artist_id INTEGER REFERENCES artist, title TEXT, year INTEGER);
CREATE TABLE track (id INTEGER PRIMARY KEY, album_id INTEGER REFERENCES album, name TEXT, seconds INTEGER, price REAL);
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, city TEXT, company TEXT);
CREATE TABLE invoice (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer, day TEXT, total REAL);
INSERT INTO artist VALUES
    (1, 'Nordlicht', 'Germany'), (2, 'The Tin Rivers', 'Canada'), (3, 'Os Vagos', 'Brazil'),
    (4, 'Lumen', 'Germany'), (5, 'Paper Foxes', 'Canada'), (6, 'Quiet Hours', 'Norway');
INSERT INTO album VALUES
    (1, 1, 'Winter Roads', 1998), (2, 1, 'Harbour', 2003), (3, 2, 'Downstream', 2011), (4, 3, 'Praia', 1975),
    (5, 3, 'Samba do Mar', 1979), (6, 4, 'First Light', 2019), (7, 5, 'Folded', 2021);
INSERT INTO track VALUES
    (1, 1, 'Snow', 214, 0.99), (2, 1, 'Ferry', 187, 0.99), (3, 2, 'Cranes', 305, 1.29), (4, 2, 'Gulls', 95, 0.99),
    (5, 3, 'Weir', 260, 1.29), (6, 3, 'Delta', 431, 1.99), (7, 4, 'Areia', 178, 0.99), (8, 5, 'Onda', 199, 0.99),
    (9, 5, 'Vento', 222, 0.99), (10, 6, 'Dawn', 318, 1.29), (11, 7, 'Crease', 144, 0.99), (12, 7, 'Crane', 163, 1.99);
INSERT INTO customer VALUES
    (1, 'Ada Berg', 'Oslo', NULL), (2, 'Tom Reed', 'Toronto', 'Reed & Sons'), (3, 'Ines Prado', 'Lisbon', NULL),
    (4, 'Jon Vik', 'Oslo', 'Vik Shipping'), (5, 'Mia Holt', 'Toronto', NULL);
INSERT INTO invoice VALUES
    (1, 1, '2024-01-04', 5.94), (2, 2, '2024-01-19', 12.5), (3, 2, '2024-02-02', 3.98), (4, 3, '2024-02-11', 0.99),
    (5, 4, '2024-03-05', 21.87), (6, 1, '2024-03-09', 8.91), (7, 2, '2024-04-01', 1.98);
