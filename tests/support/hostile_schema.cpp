#include "support/hostile_schema.hpp"

#include <fmt/format.h>

namespace dynamite::test {
namespace {

// {0}: the schema. Functions of pseudo types are left out, which nobody may write in PL/pgSQL.
constexpr std::string_view kSql = R"sql(DO $do$
DECLARE
  trap text := $$LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''hijacked''; END'$$;
  f record;
  o record;
  n integer := 0;
BEGIN
  CREATE SCHEMA {0};
  EXECUTE 'CREATE FUNCTION {0}.trap() RETURNS boolean ' || trap;

  FOR f IN
    SELECT p.proname, p.prorettype::regtype AS result, p.proretset, p.proargtypes AS arguments
    FROM pg_proc p JOIN pg_type r ON r.oid = p.prorettype
    WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND r.typtype <> 'p'
      AND p.proallargtypes IS NULL AND p.provariadic = 0
      AND NOT EXISTS (SELECT FROM unnest(p.proargtypes) a JOIN pg_type t ON t.oid = a
                      WHERE t.typtype = 'p')
  LOOP
    EXECUTE format('CREATE FUNCTION {0}.%I(%s) RETURNS %s%s ', f.proname,
      (SELECT string_agg(a::regtype::text, ', ') FROM unnest(f.arguments) a),
      CASE WHEN f.proretset THEN 'SETOF ' ELSE '' END, f.result) || trap;
  END LOOP;
  FOR f IN SELECT unnest(ARRAY['text', 'numeric', 'timestamptz', 'bytea', 'integer']) AS type LOOP
    EXECUTE format('CREATE FUNCTION {0}.unnest(%1$s[]) RETURNS SETOF %1$s ', f.type) || trap;
    EXECUTE format('CREATE FUNCTION {0}.cardinality(%s[]) RETURNS integer ', f.type) || trap;
  END LOOP;

  FOR f IN SELECT unnest(ARRAY['bigint', 'integer', 'numeric', 'timestamptz', 'text', 'boolean'])
    AS type
  LOOP
    EXECUTE format('CREATE FUNCTION {0}.step(%1$s, %1$s) RETURNS %1$s ', f.type) || trap;
    FOR o IN SELECT unnest(ARRAY['max', 'min', 'sum', 'count', 'bool_or', 'string_agg']) AS name
    LOOP
      EXECUTE format('CREATE AGGREGATE {0}.%I(%2$s) (SFUNC = {0}.step, STYPE = %2$s, '
        'INITCOND = %3$L)', o.name, f.type,
        CASE f.type WHEN 'timestamptz' THEN '2000-01-01' WHEN 'boolean' THEN 'true' ELSE '1' END);
    END LOOP;
  END LOOP;

  FOR o IN
    SELECT DISTINCT oprname AS name, oprleft::regtype::text AS l, oprright::regtype::text AS r,
      oprresult::regtype::text AS result
    FROM pg_operator
    WHERE oprnamespace = 'pg_catalog'::regnamespace AND oprkind = 'b' AND oprname <> '=>'
      AND NOT EXISTS (SELECT FROM pg_type t WHERE t.typtype = 'p'
                      AND t.oid IN (oprleft, oprright, oprresult))
    UNION
    SELECT op, l, r, CASE WHEN op IN ('+', '-', '*', '/') THEN r ELSE 'boolean' END
    FROM unnest(ARRAY['=', '<>', '<', '<=', '>', '>=', '+', '-', '*', '/', '||']) op,
      unnest(ARRAY['integer', 'bigint', 'numeric', 'text', 'interval', 'timestamptz', 'bytea',
        'boolean', 'jsonb', 'oid', 'name', 'double precision']) l,
      unnest(ARRAY['integer', 'bigint', 'numeric', 'text', 'interval', 'timestamptz', 'bytea',
        'boolean', 'jsonb', 'oid', 'name', 'double precision']) r
    WHERE NOT EXISTS (SELECT FROM pg_operator p WHERE p.oprname = op
      AND p.oprleft = l::regtype AND p.oprright = r::regtype)
  LOOP
    n := n + 1;
    EXECUTE format('CREATE FUNCTION {0}.operator_%s(%s, %s) RETURNS %s ', n, o.l, o.r, o.result)
      || trap;
    EXECUTE format('CREATE OPERATOR {0}.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = '
      '{0}.operator_%s)', o.name, o.l, o.r, n);
  END LOOP;

  FOR o IN SELECT unnest(ARRAY['pg_class', 'pg_settings', 'pg_attribute', 'pg_index', 'pg_locks',
    'pg_type', 'pg_namespace', 'pg_roles', 'pg_stat_activity', 'pg_proc']) AS name
  LOOP
    EXECUTE format('CREATE VIEW {0}.%I AS SELECT {0}.trap()', o.name);
  END LOOP;
  FOR o IN SELECT unnest(ARRAY['text', 'bytea', 'jsonb', 'timestamptz', 'name', 'oid', 'regclass',
    'regcollation', 'regnamespace', 'int4', 'int8', 'bool', 'numeric']) AS name
  LOOP
    EXECUTE format('CREATE DOMAIN {0}.%I AS pg_catalog.%I CHECK ({0}.trap())', o.name, o.name);
  END LOOP;
END $do$)sql";

}  // namespace

std::string hostile_schema_sql(const std::string& schema) {
  return fmt::format(fmt::runtime(kSql), schema);
}

}  // namespace dynamite::test
