/** What is known of functions without asking a database. */

const AGGREGATES = new Set(
  (
    'count sum avg min max array_agg string_agg json_agg jsonb_agg json_object_agg jsonb_object_agg json_arrayagg ' +
    'bool_and bool_or every bit_and bit_or bit_xor xmlagg corr covar_pop covar_samp stddev stddev_pop stddev_samp ' +
    'variance var_pop var_samp mode percentile_cont percentile_disc regr_avgx regr_avgy regr_count regr_intercept ' +
    'regr_r2 regr_slope regr_sxx regr_sxy regr_syy range_agg range_intersect_agg any_value json_agg_strict ' +
    'jsonb_agg_strict row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value ' +
    'st_collect st_union st_extent st_asmvt'
  ).split(' '),
);

/** Functions that read no table rows and write none: of PostgreSQL and of extensions in common use. */
const HARMLESS = new Set(
  // text and bytes
  (
    'lower upper initcap length char_length character_length octet_length bit_length substr substring trim btrim ltrim ' +
    'rtrim lpad rpad left right reverse repeat replace translate overlay position strpos split_part concat concat_ws ' +
    'format ascii chr md5 sha224 sha256 sha384 sha512 encode decode convert convert_from convert_to quote_ident ' +
    'quote_literal quote_nullable regexp_replace regexp_match regexp_matches regexp_like regexp_count regexp_instr ' +
    'regexp_substr regexp_split_to_array regexp_split_to_table string_to_array string_to_table array_to_string ' +
    'starts_with to_char to_number to_date to_timestamp to_hex normalize like_escape similar_to_escape unistr hashtext ' +
    'hashtextextended get_byte set_byte get_bit set_bit bit_count crc32 crc32c ' +
    // numbers
    'abs ceil ceiling floor round trunc sign sqrt cbrt exp ln log log10 power pow mod div gcd lcm random setseed pi ' +
    'degrees radians sin cos tan asin acos atan atan2 sinh cosh tanh width_bucket greatest least factorial scale ' +
    'min_scale trim_scale random_normal ' +
    // dates
    'now current_date current_time clock_timestamp statement_timestamp transaction_timestamp timeofday date_trunc ' +
    'date_part extract age date_bin make_date make_time make_timestamp make_timestamptz make_interval isfinite ' +
    'justify_days justify_hours justify_interval timezone date time timestamp timestamptz interval overlaps ' +
    // arrays, ranges, rows
    'array_append array_cat array_prepend array_remove array_replace array_position array_positions array_length ' +
    'array_ndims array_dims array_lower array_upper array_fill cardinality trim_array array_shuffle array_sample ' +
    'unnest generate_series generate_subscripts lower_inc upper_inc lower_inf upper_inf isempty range_merge int4range ' +
    'int8range numrange tsrange tstzrange daterange multirange row coalesce nullif num_nulls num_nonnulls ' +
    // json and xml
    'to_json to_jsonb row_to_json array_to_json json_build_object jsonb_build_object json_build_array ' +
    'jsonb_build_array json_object jsonb_object json_array_length jsonb_array_length json_each jsonb_each ' +
    'json_each_text jsonb_each_text json_extract_path jsonb_extract_path json_extract_path_text ' +
    'jsonb_extract_path_text json_object_keys jsonb_object_keys json_array_elements jsonb_array_elements ' +
    'json_array_elements_text jsonb_array_elements_text json_typeof jsonb_typeof json_to_record jsonb_to_record ' +
    'json_to_recordset jsonb_to_recordset json_populate_record jsonb_populate_record json_populate_recordset ' +
    'jsonb_populate_recordset jsonb_set jsonb_set_lax jsonb_insert jsonb_pretty jsonb_strip_nulls json_strip_nulls ' +
    'jsonb_path_query jsonb_path_query_array jsonb_path_query_first jsonb_path_exists jsonb_path_match json json_scalar ' +
    'xpath xmlelement xmlforest ' +
    // text search
    'to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_rank ts_rank_cd ts_headline ' +
    'setweight strip numnode querytree tsvector_to_array array_to_tsvector ' +
    // sequences, identifiers, sessions
    'nextval currval lastval setval gen_random_uuid uuidv4 uuidv7 uuid_generate_v1 uuid_generate_v1mc ' +
    'uuid_generate_v4 uuid_generate_v5 gen_random_bytes crypt gen_salt digest hmac similarity word_similarity unaccent ' +
    'version current_user session_user current_role current_database current_catalog current_schema current_schemas ' +
    'current_setting set_config inet_client_addr inet_server_addr inet_server_port inet_client_port host network ' +
    'txid_current txid_current_if_assigned txid_current_snapshot has_table_privilege has_schema_privilege ' +
    'has_database_privilege obj_description col_description format_type to_regclass to_regtype ' +
    'hstore levenshtein soundex metaphone cube earth_distance ll_to_earth earth_box nlevel subpath'
  ).split(' '),
);

/** Functions that have an effect of their own, so that a call is no mere introspection. */
const NOT_TRIVIAL = /^(nextval|setval|pg_(try_)?advisory_|pg_sleep|pg_notify|lo_)/;

/** A built-in or common aggregate or window function. */
export function isKnownAggregate(name: string): boolean {
  return AGGREGATES.has(name);
}

/** Aggregates whose result differs when any one value that they are given does; of least and greatest that is not so. */
const EVERY_VALUE = new Set(
  'sum avg array_agg string_agg json_agg jsonb_agg json_object_agg jsonb_object_agg'.split(' '),
);

export function countsEveryValue(name: string): boolean {
  return EVERY_VALUE.has(name);
}

/** Whether a call by this name is known to write no table, judged by the name alone. */
export function isHarmless(schema: string | undefined, name: string): boolean {
  if (schema === 'pg_catalog' || schema === 'information_schema') return true;
  return HARMLESS.has(name) || AGGREGATES.has(name) || name.startsWith('pg_') || name.startsWith('st_');
}

/** Whether a statement that only calls this is what a driver asks by itself. */
export function isTrivialCall(name: string): boolean {
  return !NOT_TRIVIAL.test(name);
}
