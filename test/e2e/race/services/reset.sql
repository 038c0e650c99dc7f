UPDATE shows SET title = 'Show ' || id, seats = 100;
UPDATE venues SET name = CASE id WHEN 1 THEN 'Old hall' ELSE 'Garden' END;
