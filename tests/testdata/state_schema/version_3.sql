-- A state schema of version 3 and its replica: that of version_2.sql, upgraded by dynamite at 07d8fdd, and a
-- batch applied by it. `pg_dump --inserts --no-owner`, without its comments and most settings.
SET check_function_bodies = false;
CREATE SCHEMA version_3_state;
COMMENT ON SCHEMA version_3_state IS 'state of dynamite, which keeps replicas of DynamoDB tables; see the view status';
CREATE FUNCTION version_3_state.refuse_version_1() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RAISE EXCEPTION 'the state schema was upgraded to version 3 by a newer dynamite'
    USING ERRCODE = '42DY2', HINT = 'install the newer dynamite here too';
END $$;
CREATE FUNCTION version_3_state.refuse_version_2() RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RAISE EXCEPTION 'the state schema was upgraded to version 3 by a newer dynamite'
    USING ERRCODE = '42DY2', HINT = 'install the newer dynamite here too';
END $$;
CREATE FUNCTION version_3_state.require_before(deadline timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  IF clock_timestamp() >= deadline THEN
    RAISE EXCEPTION 'the deadline passed before the commit' USING ERRCODE = 'DY003';
  END IF;
END $$;
CREATE FUNCTION version_3_state.require_dead_letters(of_replica integer, allowed bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE recent bigint;
BEGIN
  SELECT count(*) INTO recent FROM "version_3_state".dead_letter
    WHERE replica_id = of_replica AND created_at > now() - interval '1 hour';
  IF recent > allowed THEN
    RAISE EXCEPTION '"%" has more than % dead letters within an hour',
      (SELECT table_name FROM "version_3_state".replica WHERE replica_id = of_replica), allowed
      USING ERRCODE = 'DY004', HINT = 'see reason and constraint_name in the state schema''s dead_letter; '
        'a wrong index or constraint on the replica refuses everything';
  END IF;
END $$;
CREATE FUNCTION version_3_state.require_epoch(of_replica integer, expected_epoch integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RAISE EXCEPTION 'the state schema was upgraded to version 3 by a newer dynamite'
    USING ERRCODE = '42DY2', HINT = 'install the newer dynamite here too';
END $$;
CREATE FUNCTION version_3_state.require_epoch(of_replica integer, expected_epoch integer, expected_mapping bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  IF (SELECT epoch FROM "version_3_state".replica WHERE replica_id = of_replica) IS DISTINCT FROM expected_epoch THEN
    RAISE EXCEPTION 'a pass has begun since the items were read back' USING ERRCODE = 'DY005';
  END IF;
  PERFORM "version_3_state".require_mapping(of_replica, expected_mapping);
END $$;
CREATE FUNCTION version_3_state.require_follower(of_replica integer, expected_owner bigint, lowest_generation bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RAISE EXCEPTION 'the state schema was upgraded to version 3 by a newer dynamite'
    USING ERRCODE = '42DY2', HINT = 'install the newer dynamite here too';
END $$;
CREATE FUNCTION version_3_state.require_follower(of_replica integer, expected_owner bigint, lowest_generation bigint, expected_mapping bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE now_following "version_3_state".replica%ROWTYPE;
BEGIN
  SELECT * INTO now_following FROM "version_3_state".replica WHERE replica_id = of_replica;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'replica % is no longer registered', of_replica USING ERRCODE = 'DY001',
      HINT = 'run `dynamite bootstrap`, then start again';
  ELSIF expected_owner IS NULL AND now_following.follower = 'daemon' THEN
    RAISE EXCEPTION 'a daemon follows "%"', now_following.table_name USING ERRCODE = 'DY001',
      HINT = 'stop the daemon, or run `dynamite release` if it is dead';
  ELSIF expected_owner IS NOT NULL AND now_following.fencing_number IS DISTINCT FROM expected_owner THEN
    RAISE EXCEPTION 'owner % of "%" was followed by owner %', expected_owner,
      now_following.table_name, now_following.fencing_number USING ERRCODE = 'DY001';
  ELSIF lowest_generation < now_following.oldest_stream THEN
    RAISE EXCEPTION 'records of "%" are of a stream that ended before the last pass began',
      now_following.table_name USING ERRCODE = 'DY006';
  END IF;
  PERFORM "version_3_state".require_mapping(of_replica, expected_mapping);
END $$;
CREATE FUNCTION version_3_state.require_mapping(of_replica integer, expected_mapping bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE now_mapped "version_3_state".replica%ROWTYPE;
BEGIN
  SELECT * INTO now_mapped FROM "version_3_state".replica WHERE replica_id = of_replica;
  IF now_mapped.mapping IS DISTINCT FROM expected_mapping THEN
    RAISE EXCEPTION 'mapping % of "%" was followed by mapping %', expected_mapping,
      now_mapped.table_name, now_mapped.mapping USING ERRCODE = 'DY007',
      HINT = 'run it again: rows are made by the new mapping then';
  END IF;
END $$;
CREATE FUNCTION version_3_state.require_pass(of_replica integer, expected_epoch integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  RAISE EXCEPTION 'the state schema was upgraded to version 3 by a newer dynamite'
    USING ERRCODE = '42DY2', HINT = 'install the newer dynamite here too';
END $$;
CREATE FUNCTION version_3_state.require_pass(of_replica integer, expected_epoch integer, expected_mapping bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE now_running "version_3_state".replica%ROWTYPE;
BEGIN
  SELECT * INTO now_running FROM "version_3_state".replica WHERE replica_id = of_replica;
  IF now_running.pass IS DISTINCT FROM 'running' OR now_running.epoch <> expected_epoch THEN
    RAISE EXCEPTION 'pass % of "%" is not running: the pass is %, its state %', expected_epoch,
      now_running.table_name, now_running.epoch, now_running.pass USING ERRCODE = 'DY002';
  END IF;
  PERFORM "version_3_state".require_mapping(of_replica, expected_mapping);
END $$;
CREATE TABLE version_3.orders (
    pk text NOT NULL COLLATE pg_catalog."C",
    item jsonb NOT NULL,
    mod_time timestamp with time zone NOT NULL,
    create_time timestamp with time zone NOT NULL,
    _types jsonb,
    _version numeric NOT NULL,
    _epoch integer NOT NULL,
    CONSTRAINT dba CHECK (((item ->> 'v'::text) <> 'bad'::text))
);
COMMENT ON TABLE version_3.orders IS 'replica of arn:aws:dynamodb:ddblocal:000000000000:table/orders, kept by dynamite: do not write to it';
COMMENT ON COLUMN version_3.orders.item IS 'the whole item as natural JSON, keys included';
COMMENT ON COLUMN version_3.orders.mod_time IS 'when the item last changed; for a row that only a scan wrote, the scan''s time';
COMMENT ON COLUMN version_3.orders.create_time IS 'when the row first appeared';
COMMENT ON COLUMN version_3.orders._types IS 'what natural JSON cannot say, by JSON pointer: B, SS, NS, BS, S:base64';
COMMENT ON COLUMN version_3.orders._version IS 'bookkeeping of dynamite: stream generation * 10^40 + sequence number';
COMMENT ON COLUMN version_3.orders._epoch IS 'bookkeeping of dynamite: the snapshot pass during which the row was last written';
CREATE TABLE version_3_state.attribute (
    target_id integer NOT NULL,
    digest bytea NOT NULL,
    type text NOT NULL,
    name text NOT NULL,
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    share double precision,
    CONSTRAINT attribute_type_check CHECK ((type = ANY (ARRAY['S'::text, 'N'::text, 'B'::text, 'BOOL'::text, 'NULL'::text, 'SS'::text, 'NS'::text, 'BS'::text, 'M'::text, 'L'::text])))
);
CREATE TABLE version_3_state.catalogue (
    version integer NOT NULL
);
CREATE TABLE version_3_state.checkpoint (
    replica_id integer NOT NULL,
    lane text NOT NULL,
    "position" text,
    finished boolean DEFAULT false NOT NULL,
    records bigint DEFAULT 0 NOT NULL,
    record_time timestamp with time zone,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE version_3_state.dead_letter (
    dead_letter_id bigint NOT NULL,
    replica_id integer NOT NULL,
    key bytea NOT NULL,
    version numeric NOT NULL,
    record bytea NOT NULL,
    reason text NOT NULL,
    sqlstate text,
    constraint_name text,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE version_3_state.dead_letter ALTER COLUMN dead_letter_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME version_3_state.dead_letter_dead_letter_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE version_3_state.gap (
    gap_id bigint NOT NULL,
    replica_id integer NOT NULL,
    stream_arn text,
    shard_id text,
    reason text NOT NULL,
    noticed_epoch integer NOT NULL,
    noticed_at timestamp with time zone DEFAULT now() NOT NULL,
    healed_at timestamp with time zone
);
ALTER TABLE version_3_state.gap ALTER COLUMN gap_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME version_3_state.gap_gap_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE version_3_state.replica (
    replica_id integer NOT NULL,
    source_arn text NOT NULL,
    table_name text NOT NULL,
    partition_key text NOT NULL,
    partition_type "char" NOT NULL,
    sort_key text,
    sort_type "char",
    epoch integer DEFAULT 0 NOT NULL,
    pass text DEFAULT 'none'::text NOT NULL,
    pass_segments integer,
    pass_started_at timestamp with time zone,
    oldest_stream bigint DEFAULT 0 NOT NULL,
    completed_epoch integer DEFAULT 0 NOT NULL,
    completed_at timestamp with time zone,
    follower text DEFAULT 'lambda'::text NOT NULL,
    fencing_number bigint DEFAULT 0 NOT NULL,
    state text DEFAULT 'created'::text NOT NULL,
    problem text,
    followed_at timestamp with time zone,
    mapping bigint DEFAULT 1 NOT NULL,
    owner bigint DEFAULT '-1'::integer NOT NULL,
    oldest_generation bigint DEFAULT '9223372036854775807'::bigint NOT NULL,
    CONSTRAINT replica_follower_check CHECK ((follower = ANY (ARRAY['lambda'::text, 'daemon'::text]))),
    CONSTRAINT replica_partition_type_check CHECK ((partition_type = ANY (ARRAY['S'::"char", 'N'::"char", 'B'::"char"]))),
    CONSTRAINT replica_pass_check CHECK ((pass = ANY (ARRAY['none'::text, 'running'::text, 'sweeping'::text]))),
    CONSTRAINT replica_sort_type_check CHECK ((sort_type = ANY (ARRAY['S'::"char", 'N'::"char", 'B'::"char"]))),
    CONSTRAINT replica_state_check CHECK ((state = ANY (ARRAY['created'::text, 'snapshot'::text, 'catching up'::text, 'following'::text, 'stopped'::text])))
);
COMMENT ON COLUMN version_3_state.replica.owner IS 'refuses programs of version 1; see fencing_number';
COMMENT ON COLUMN version_3_state.replica.oldest_generation IS 'refuses programs of version 1; see oldest_stream';
ALTER TABLE version_3_state.replica ALTER COLUMN replica_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME version_3_state.replica_replica_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE version_3_state.replica_target (
    target_id integer NOT NULL,
    replica_id integer NOT NULL,
    target_schema text NOT NULL,
    target_table text NOT NULL,
    tombstone_table text NOT NULL,
    layout text NOT NULL,
    mapping jsonb NOT NULL,
    since_epoch integer DEFAULT 1 NOT NULL,
    CONSTRAINT replica_target_layout_check CHECK ((layout = ANY (ARRAY['document'::text, 'columns'::text])))
);
ALTER TABLE version_3_state.replica_target ALTER COLUMN target_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME version_3_state.replica_target_target_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE VIEW version_3_state.status AS
 SELECT r.table_name,
    r.source_arn,
    format('%I.%I'::text, t.target_schema, t.target_table) AS replica,
    t.layout,
    r.state,
    r.problem,
    r.follower,
    r.fencing_number AS owner,
    r.epoch,
    r.pass,
    r.completed_epoch,
    r.completed_at,
    c.record_time AS last_record_time,
    c.updated_at AS last_applied_at,
    COALESCE(c.records, (0)::numeric) AS records,
    COALESCE(c.shards_open, (0)::bigint) AS shards_open,
    COALESCE(s.segments_done, (0)::bigint) AS segments_done,
    r.pass_segments AS segments_total,
    COALESCE(s.items, (0)::numeric) AS items_scanned,
    ( SELECT count(*) AS count
           FROM version_3_state.dead_letter d
          WHERE (d.replica_id = r.replica_id)) AS dead_letters,
    ( SELECT count(*) AS count
           FROM version_3_state.gap g
          WHERE ((g.replica_id = r.replica_id) AND (g.healed_at IS NULL))) AS open_gaps,
    (r.completed_epoch < t.since_epoch) AS needs_pass,
    t.target_id
   FROM (((version_3_state.replica_target t
     JOIN version_3_state.replica r ON ((r.replica_id = t.replica_id)))
     LEFT JOIN LATERAL ( SELECT max(k.record_time) AS record_time,
            max(k.updated_at) AS updated_at,
            sum(k.records) AS records,
            count(*) FILTER (WHERE (NOT k.finished)) AS shards_open
           FROM version_3_state.checkpoint k
          WHERE ((k.replica_id = r.replica_id) AND (k.lane ~~ 'shard/%'::text))) c ON (true))
     LEFT JOIN LATERAL ( SELECT sum(k.records) AS items,
            count(*) FILTER (WHERE k.finished) AS segments_done
           FROM version_3_state.checkpoint k
          WHERE ((k.replica_id = r.replica_id) AND (k.lane ~~ format('segment/%s/%%'::text, r.epoch)))) s ON (true));
CREATE TABLE version_3_state.stream (
    stream_arn text NOT NULL,
    replica_id integer NOT NULL,
    generation bigint NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT stream_state_check CHECK ((state = ANY (ARRAY['open'::text, 'finished'::text])))
);
CREATE VIEW version_3_state.target AS
 SELECT replica_target.target_id,
    replica_target.replica_id,
    replica_target.target_schema,
    replica_target.target_table,
    replica_target.tombstone_table,
    replica_target.layout,
    replica_target.mapping,
    replica_target.since_epoch
   FROM version_3_state.replica_target
  WHERE version_3_state.refuse_version_2();
COMMENT ON VIEW version_3_state.target IS 'refuses programs of version 2; see replica_target';
CREATE TABLE version_3_state."tombstone_version_3.orders" (
    k1 text NOT NULL COLLATE pg_catalog."C",
    version numeric NOT NULL,
    epoch integer NOT NULL,
    removed_at timestamp with time zone DEFAULT now() NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0.02', autovacuum_analyze_scale_factor='0.02');
INSERT INTO version_3.orders VALUES ('k3', '{"v": "three", "pk": "k3"}', '2026-11-28 22:42:48.154067+00', '2026-11-28 22:42:00+00', NULL, 17959057674070000000000000000000000000000000000000003, 1);
INSERT INTO version_3.orders VALUES ('k4', '{"v": "four", "pk": "k4"}', '2026-11-28 22:42:00+00', '2026-11-28 22:42:00+00', NULL, 17959057674070000000000000000000000000000000000000006, 1);
INSERT INTO version_3.orders VALUES ('k5', '{"v": "7", "pk": "k5"}', '2026-01-15 12:00:00+00', '2026-01-15 12:00:00+00', NULL, 17959057674070000000000000000000000000000000000000007, 1);
INSERT INTO version_3_state.catalogue VALUES (3);
INSERT INTO version_3_state.checkpoint VALUES (1, 'segment/1/0', '', true, 3, '2026-11-28 22:42:48.154067+00', '2026-11-28 22:42:48.195519+00');
INSERT INTO version_3_state.checkpoint VALUES (1, 'shard/2026-11-28T22:42:47.407/shardId-00000001795905767428-505e1a94', '000000000000000000006', false, 6, '2026-11-28 22:42:00+00', '2026-11-28 22:42:51.153481+00');
INSERT INTO version_3_state.dead_letter OVERRIDING SYSTEM VALUE VALUES (1, 1, '\x000000026b33', 17959057674070000000000000000000000000000000000000005, '\x7b226576656e744944223a2262323737326531632d396237382d346632392d613464302d623434656339313530306366222c226576656e744e616d65223a224d4f44494659222c226576656e7456657273696f6e223a22312e31222c226576656e74536f75726365223a226177733a64796e616d6f6462222c22617773526567696f6e223a226464626c6f63616c222c2264796e616d6f6462223a7b22417070726f78696d6174654372656174696f6e4461746554696d65223a313739353930353732302e3030302c224b657973223a7b22706b223a7b2253223a226b33227d7d2c224e6577496d616765223a7b2276223a7b2253223a22626164227d2c22706b223a7b2253223a226b33227d7d2c224f6c64496d616765223a7b2276223a7b2253223a227468726565227d2c22706b223a7b2253223a226b33227d7d2c2253657175656e63654e756d626572223a22303030303030303030303030303030303030303035222c2253697a654279746573223a32322c2253747265616d5669657754797065223a224e45575f414e445f4f4c445f494d41474553227d7d', 'PostgreSQL refused a value (SQLSTATE 23514), table "orders", constraint "dba"', '23514', 'dba', '2026-11-28 22:42:51.153481+00');
INSERT INTO version_3_state.gap OVERRIDING SYSTEM VALUE VALUES (1, 1, 'arn', 'shardId-1', 'trimmed', 1, '2026-11-28 22:42:52.935486+00', NULL);
INSERT INTO version_3_state.replica OVERRIDING SYSTEM VALUE VALUES (1, 'arn:aws:dynamodb:ddblocal:000000000000:table/orders', 'orders', 'pk', 'S', NULL, NULL, 1, 'none', 1, '2026-11-28 22:42:48.153073+00', 1795905767407, 1, '2026-11-28 22:42:48.369388+00', 'lambda', 4, 'stopped', NULL, '2026-11-28 22:42:51.744777+00', 2, 4, 9223372036854775807);
INSERT INTO version_3_state.replica_target OVERRIDING SYSTEM VALUE VALUES (1, 1, 'version_3', 'orders', 'tombstone_version_3.orders', 'document', '{}', 1);
INSERT INTO version_3_state.stream VALUES ('arn:aws:dynamodb:ddblocal:000000000000:table/orders/stream/2026-11-28T22:42:47.407', 1, 1795905767407, 'open', '2026-11-28 22:42:47.854239+00');
INSERT INTO version_3_state."tombstone_version_3.orders" VALUES ('k2', 17959057674070000000000000000000000000000000000000004, 1, '2026-11-28 22:42:51.153481+00');
INSERT INTO version_3_state."tombstone_version_3.orders" VALUES ('k1', 17959057674070000000000000000000000000000000000000008, 1, '2026-11-29 01:16:38.47359+00');
SELECT pg_catalog.setval('version_3_state.dead_letter_dead_letter_id_seq', 1, true);
SELECT pg_catalog.setval('version_3_state.gap_gap_id_seq', 1, true);
SELECT pg_catalog.setval('version_3_state.replica_replica_id_seq', 1, true);
SELECT pg_catalog.setval('version_3_state.replica_target_target_id_seq', 1, true);
ALTER TABLE ONLY version_3.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (pk);
ALTER TABLE ONLY version_3_state.attribute
    ADD CONSTRAINT attribute_pkey PRIMARY KEY (target_id, digest, type);
ALTER TABLE ONLY version_3_state.checkpoint
    ADD CONSTRAINT checkpoint_pkey PRIMARY KEY (replica_id, lane);
ALTER TABLE ONLY version_3_state.dead_letter
    ADD CONSTRAINT dead_letter_pkey PRIMARY KEY (dead_letter_id);
ALTER TABLE ONLY version_3_state.gap
    ADD CONSTRAINT gap_pkey PRIMARY KEY (gap_id);
ALTER TABLE ONLY version_3_state.replica
    ADD CONSTRAINT replica_pkey PRIMARY KEY (replica_id);
ALTER TABLE ONLY version_3_state.replica
    ADD CONSTRAINT replica_source_arn_key UNIQUE (source_arn);
ALTER TABLE ONLY version_3_state.replica_target
    ADD CONSTRAINT replica_target_pkey PRIMARY KEY (target_id);
ALTER TABLE ONLY version_3_state.replica_target
    ADD CONSTRAINT replica_target_target_schema_target_table_key UNIQUE (target_schema, target_table);
ALTER TABLE ONLY version_3_state.stream
    ADD CONSTRAINT stream_pkey PRIMARY KEY (stream_arn);
ALTER TABLE ONLY version_3_state."tombstone_version_3.orders"
    ADD CONSTRAINT "tombstone_version_3.orders_pkey" PRIMARY KEY (k1);
CREATE UNIQUE INDEX dead_letter_once ON version_3_state.dead_letter USING btree (replica_id, sha256(key), version, sha256(record));
CREATE INDEX dead_letter_recent ON version_3_state.dead_letter USING btree (replica_id, created_at);
CREATE INDEX replica_target_replica_id_idx ON version_3_state.replica_target USING btree (replica_id);
CREATE INDEX "tombstone_version_3.orders_removed_at_idx" ON version_3_state."tombstone_version_3.orders" USING brin (removed_at) WITH (autosummarize='true');
CREATE INDEX "tombstone_version_3.orders_version_idx" ON version_3_state."tombstone_version_3.orders" USING btree (version);
CREATE TRIGGER refuse_version_1 BEFORE UPDATE OF owner, oldest_generation ON version_3_state.replica FOR EACH ROW EXECUTE FUNCTION version_3_state.refuse_version_1();
ALTER TABLE ONLY version_3_state.attribute
    ADD CONSTRAINT attribute_target_id_fkey FOREIGN KEY (target_id) REFERENCES version_3_state.replica_target(target_id) ON DELETE CASCADE;
ALTER TABLE ONLY version_3_state.checkpoint
    ADD CONSTRAINT checkpoint_replica_id_fkey FOREIGN KEY (replica_id) REFERENCES version_3_state.replica(replica_id);
ALTER TABLE ONLY version_3_state.dead_letter
    ADD CONSTRAINT dead_letter_replica_id_fkey FOREIGN KEY (replica_id) REFERENCES version_3_state.replica(replica_id);
ALTER TABLE ONLY version_3_state.gap
    ADD CONSTRAINT gap_replica_id_fkey FOREIGN KEY (replica_id) REFERENCES version_3_state.replica(replica_id);
ALTER TABLE ONLY version_3_state.replica_target
    ADD CONSTRAINT replica_target_replica_id_fkey FOREIGN KEY (replica_id) REFERENCES version_3_state.replica(replica_id) ON DELETE CASCADE;
ALTER TABLE ONLY version_3_state.stream
    ADD CONSTRAINT stream_replica_id_fkey FOREIGN KEY (replica_id) REFERENCES version_3_state.replica(replica_id);
