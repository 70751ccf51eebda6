-- A public library: books by authors, members, and who has borrowed what.
CREATE TABLE author (id INTEGER PRIMARY KEY, name TEXT, born INTEGER);
CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT, author_id INTEGER REFERENCES author, genre TEXT, pages INTEGER, published INTEGER);
CREATE TABLE member (id INTEGER PRIMARY KEY, name TEXT, town TEXT, joined INTEGER);
CREATE TABLE loan (id INTEGER PRIMARY KEY, book_id INTEGER REFERENCES book, member_id INTEGER REFERENCES member, borrowed TEXT, returned TEXT);
INSERT INTO author VALUES
    (1, 'Helen Marsh', 1948), (2, 'Pavel Novak', 1961), (3, 'Rosa Lind', 1979), (4, 'Yusuf Kaya', 1955);
INSERT INTO book VALUES
    (1, 'The Salt Path Home', 1, 'novel', 412, 1985), (2, 'Low Water', 1, 'novel', 288, 1991),
    (3, 'A Field Guide to Moss', 2, 'nature', 176, 2002), (4, 'Birds of the Fen', 2, 'nature', 240, 2010),
    (5, 'Night Trains', 3, 'crime', 355, 2015), (6, 'The Ninth Door', 3, 'crime', 398, 2018),
    (7, 'Letters to Izmir', 4, 'poetry', 96, 1988), (8, 'Stone and Bread', 4, 'novel', 510, 1999);
INSERT INTO member VALUES
    (1, 'Kate Orr', 'Dunmore', 2015), (2, 'Liam Daly', 'Ardglen', 2019), (3, 'Sana Iqbal', 'Dunmore', 2021),
    (4, 'Petra Vogel', 'Ardglen', 2019), (5, 'Owen Hart', 'Castletown', 2022);
INSERT INTO loan VALUES
    (1, 1, 1, '2024-01-03', '2024-01-20'), (2, 5, 2, '2024-01-11', '2024-02-01'), (3, 5, 3, '2024-02-07', NULL),
    (4, 3, 1, '2024-02-15', '2024-03-01'), (5, 8, 4, '2024-03-02', NULL), (6, 6, 2, '2024-03-10', '2024-03-28'),
    (7, 7, 3, '2024-03-12', NULL), (8, 6, 4, '2024-04-01', '2024-04-09');
