SELECT * FROM Artist;
SELECT Name FROM Artist ORDER BY Name;
SELECT name FROM artist WHERE artistid = 1;
SELECT COUNT(*) FROM Track;
SELECT COUNT(DISTINCT Country) AS countries FROM Customer;
SELECT Title FROM Album WHERE ArtistId = (SELECT ArtistId FROM Artist WHERE Name = 'AC/DC');
SELECT Album.Title, Artist.Name FROM Album INNER JOIN Artist ON Album.ArtistId = Artist.ArtistId;
SELECT al.Title, ar.Name FROM Album al JOIN Artist ar ON al.ArtistId = ar.ArtistId ORDER BY ar.Name, al.Title;
SELECT ar.Name, COUNT(*) AS albums FROM Artist AS ar JOIN Album AS al ON al.ArtistId = ar.ArtistId GROUP BY ar.ArtistId ORDER BY albums DESC LIMIT 10;
SELECT Name, Milliseconds / 1000.0 AS seconds FROM Track WHERE Milliseconds > 300000 ORDER BY seconds DESC;
SELECT g.Name AS genre, AVG(t.Milliseconds) / 60000 AS minutes FROM Track t JOIN Genre g ON g.GenreId = t.GenreId GROUP BY g.GenreId HAVING COUNT(*) > 20;
SELECT Country, SUM(Total) AS revenue FROM Customer JOIN Invoice ON Customer.CustomerId = Invoice.CustomerId GROUP BY Country ORDER BY revenue DESC;
SELECT FirstName || ' ' || LastName AS FullName, Email FROM Customer WHERE Country IN ('Brazil', 'Canada', 'USA');
SELECT * FROM Customer WHERE Company IS NULL AND State IS NOT NULL;
SELECT LastName, FirstName FROM Employee WHERE ReportsTo IS NULL;
SELECT e.FirstName, m.FirstName AS Manager FROM Employee e LEFT JOIN Employee m ON e.ReportsTo = m.EmployeeId;
SELECT strftime('%Y', InvoiceDate) AS year, SUM(Total) FROM Invoice GROUP BY year ORDER BY year;
SELECT BillingCountry, COUNT(*) AS n, ROUND(AVG(Total), 2) AS average FROM Invoice GROUP BY BillingCountry HAVING n >= 10;
SELECT * FROM Invoice WHERE InvoiceDate BETWEEN '2010-01-01' AND '2010-12-31' AND Total > 10;
SELECT t.Name FROM Track t LEFT JOIN InvoiceLine il ON t.TrackId = il.TrackId WHERE il.InvoiceLineId IS NULL;
SELECT Name FROM Track WHERE Composer LIKE '%Jagger%' OR Composer LIKE '%Richards%';
SELECT Name FROM Track WHERE Name LIKE 'Love%' AND UnitPrice < 1 LIMIT 5 OFFSET 10;
SELECT p.Name, COUNT(pt.TrackId) FROM Playlist p JOIN PlaylistTrack pt ON p.PlaylistId = pt.PlaylistId GROUP BY p.Name;
SELECT DISTINCT a.Name FROM Artist a, Album b, Track c WHERE a.ArtistId = b.ArtistId AND b.AlbumId = c.AlbumId AND c.GenreId = 1;
SELECT Name, CASE WHEN Milliseconds < 180000 THEN 'short' WHEN Milliseconds < 360000 THEN 'medium' ELSE 'long' END AS kind FROM Track;
SELECT CASE Country WHEN 'USA' THEN 'domestic' ELSE 'foreign' END AS market, COUNT(*) FROM Customer GROUP BY 1;
SELECT CustomerId, SUM(Total) FROM Invoice GROUP BY CustomerId HAVING SUM(Total) > (SELECT AVG(Total) * 5 FROM Invoice);
SELECT Name FROM Artist WHERE ArtistId NOT IN (SELECT ArtistId FROM Album);
SELECT Name FROM Artist ar WHERE EXISTS (SELECT 1 FROM Album al WHERE al.ArtistId = ar.ArtistId AND al.Title LIKE '%Live%');
SELECT Name FROM Artist ar WHERE NOT EXISTS (SELECT * FROM Album al WHERE al.ArtistId = ar.ArtistId);
SELECT FirstName FROM Customer UNION SELECT FirstName FROM Employee;
SELECT City FROM Customer INTERSECT SELECT City FROM Employee ORDER BY City;
SELECT City FROM Customer EXCEPT SELECT BillingCity FROM Invoice;
SELECT MAX(Total), MIN(Total), AVG(Total) FROM Invoice;
SELECT TrackId, Name, RANK() OVER (ORDER BY Milliseconds DESC) AS position FROM Track LIMIT 20;
SELECT AlbumId, Name, ROW_NUMBER() OVER (PARTITION BY AlbumId ORDER BY TrackId) FROM Track;
SELECT InvoiceDate, Total, SUM(Total) OVER (ORDER BY InvoiceDate ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS running FROM Invoice;
SELECT InvoiceId, Total, LAG(Total, 1) OVER (PARTITION BY CustomerId ORDER BY InvoiceDate) AS previous FROM Invoice;
SELECT BillingCountry, SUM(Total) FILTER (WHERE Total > 5) AS large FROM Invoice GROUP BY BillingCountry;
WITH sales AS (SELECT TrackId, SUM(Quantity) AS sold FROM InvoiceLine GROUP BY TrackId) SELECT t.Name, s.sold FROM sales s JOIN Track t ON t.TrackId = s.TrackId ORDER BY s.sold DESC LIMIT 10;
WITH RECURSIVE chain(id, level) AS (SELECT EmployeeId, 0 FROM Employee WHERE ReportsTo IS NULL UNION ALL SELECT e.EmployeeId, c.level + 1 FROM Employee e JOIN chain c ON e.ReportsTo = c.id) SELECT * FROM chain;
SELECT Name FROM (SELECT Name, UnitPrice FROM Track WHERE UnitPrice > 0.99) AS expensive ORDER BY Name;
SELECT COALESCE(Composer, 'unknown') AS Composer, COUNT(*) FROM Track GROUP BY Composer;
SELECT CAST(Total AS INTEGER) FROM Invoice;
SELECT UPPER(Name), LENGTH(Name), SUBSTR(Name, 1, 3) FROM Artist WHERE LENGTH(Name) > 20;
SELECT REPLACE(Title, 'The ', '') FROM Album ORDER BY 1;
SELECT GROUP_CONCAT(Name, ', ') FROM Genre;
SELECT Name FROM Track ORDER BY RANDOM() LIMIT 1;
SELECT il.UnitPrice * il.Quantity AS amount FROM InvoiceLine il WHERE il.InvoiceId = 5;
SELECT Country, State, City FROM Customer ORDER BY Country ASC, State DESC, City;
SELECT * FROM Track WHERE (GenreId = 1 OR GenreId = 2) AND MediaTypeId <> 1;
SELECT * FROM Track WHERE NOT (GenreId = 1) AND Bytes >= 10000000;
SELECT "Name" FROM "Artist" WHERE "ArtistId" = 3;
SELECT [Name] FROM [Genre];
SELECT t.* FROM Track t JOIN Album USING (AlbumId) WHERE Title = 'Facelift';
select a.title from album a where a.title like 'a%' collate nocase
;
SELECT
    c.FirstName,
    c.LastName,
    SUM(i.Total) AS spent
FROM Customer AS c
JOIN Invoice AS i
    ON i.CustomerId = c.CustomerId
WHERE i.InvoiceDate >= '2012-01-01'
GROUP BY
    c.CustomerId
ORDER BY spent DESC
LIMIT 3;
SELECT julianday('now') - julianday(BirthDate) AS days FROM Employee;
SELECT date(InvoiceDate, 'start of month') AS month, COUNT(*) FROM Invoice GROUP BY month;
SELECT IFNULL(Company, '-') FROM Customer;
SELECT 1 + 2 * 3, -5 % 3, 7 / 2;
VALUES (1, 'one'), (2, 'two')
