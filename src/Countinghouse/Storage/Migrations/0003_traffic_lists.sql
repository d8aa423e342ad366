-- What the operator loads to find invalid traffic. The zero id: the whole platform.
CREATE TABLE traffic_list (
    org_id uuid NOT NULL,
    list text NOT NULL CHECK (list IN ('agent', 'network', 'domain', 'own_network')),
    entry text NOT NULL,
    PRIMARY KEY (org_id, list, entry)
) /*sqlite WITHOUT ROWID sqlite*/;

-- One row, from the first load on. Nodes watch it; receipts name it, which is why it has six digits.
CREATE TABLE traffic_list_version (
    id integer NOT NULL PRIMARY KEY CHECK (id = 1),
    version integer NOT NULL CHECK (version BETWEEN 1 AND 999999)
);
