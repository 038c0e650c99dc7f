# A site's pages by slug: HTML fragments in database 2, gzipped JSON in database 3. Ruby, pg and redis-rb, values put into the
# SQL text. Fills are fenced by a generation of each key.
# BUG: other-database, forgets-json, retitle-forgets, in-transaction, no-fence, slug-renamed, preview-rolled-back.
require 'pg'
require 'redis'
require 'json'
require 'zlib'

BUG = ENV['BUG'].to_s
READERS = (ENV['READERS'] || '4').to_i
TURNS = (ENV['TURNS'] || '16').to_i
PACE = (ENV['PACE'] || '1').to_f # all pauses are this much longer: on a busy machine races need more time
SLUGS = %w[about-us contact shipping-terms imprint].freeze
FENCED = "if (redis.call('get', KEYS[2]) or '') == ARGV[1] then redis.call('setex', KEYS[1], 60, ARGV[2]) end return 0".freeze

def source = Thread.current[:source] ||= PG.connect(ENV['DATABASE_URL'])
def cache(number) = Thread.current[:"cache#{number}"] ||= Redis.new(url: ENV['REDIS_URL'], db: number)
def html_key(slug) = "fragment.page.#{slug}"
def json_key(slug) = "json.page.#{slug}"

def cached(number, key)
  stored = cache(number).get(key)
  return stored if stored

  generation = cache(number).get("gen.#{key}").to_s
  value = yield
  sleep(PACE * rand * 0.012) if ['', 'no-fence'].include?(BUG)
  if BUG == 'no-fence'
    cache(number).setex(key, 60, value)
  else
    cache(number).eval(FENCED, keys: [key, "gen.#{key}"], argv: [generation, value])
  end
end

def html(slug)
  cached(2, html_key(slug)) do
    row = source.exec("SELECT title, body FROM pages WHERE slug = '#{slug}'")[0]
    "<article class=\"page\"><h1>#{row['title']}</h1><div>#{row['body']}</div></article>"
  end
end

def json(slug)
  cached(3, json_key(slug)) do
    row = source.exec_params('SELECT id, slug, title, body FROM pages WHERE slug = $1 LIMIT 1', [slug])[0]
    Zlib.gzip(JSON.generate(row))
  end
end

def remove(number, key)
  cache(number).multi do |redis|
    redis.incr("gen.#{key}")
    redis.del(key)
  end
end

def forget(slug)
  case BUG
  when 'other-database'
    cache(3).del(html_key(slug))
    remove(3, json_key(slug))
  when 'forgets-json' then remove(2, html_key(slug))
  else
    remove(2, html_key(slug))
    remove(3, json_key(slug))
  end
end

def rewrite(slug)
  source.transaction do |open|
    open.exec("UPDATE pages SET title = 'Title #{rand(100_000)} of it', body = 'Body #{rand(1_000_000)}' WHERE slug = '#{slug}'")
    if BUG == 'in-transaction'
      forget(slug)
      sleep PACE * (0.012)
    end
  end
  forget(slug) unless BUG == 'in-transaction'
end

def retitle(slug)
  source.exec_params('UPDATE pages SET title = $1 WHERE slug = $2', ["Retitled #{rand(100_000)} again", slug])
  forget(slug) unless BUG == 'retitle-forgets'
end

# An editor looks at a change before it is kept: what the preview reads must not be cached.
def preview(slug)
  source.exec('BEGIN')
  source.exec_params('UPDATE pages SET body = $1 WHERE slug = $2', ["Draft #{rand(1_000_000)}", slug])
  if BUG == 'preview-rolled-back'
    remove(3, json_key(slug))
    json(slug)
  end
  source.exec('ROLLBACK')
end

source.exec('CREATE TABLE pages (id serial PRIMARY KEY, slug text UNIQUE, title text, body text)')
SLUGS.each_with_index { |slug, i| source.exec("INSERT INTO pages (slug, title, body) VALUES ('#{slug}', 'Title of #{slug}', 'Body text #{i} of it')") }
threads = (1..READERS).map do
  Thread.new do
    TURNS.times do
      rand < 0.5 ? html(SLUGS.sample) : json(SLUGS.sample)
      sleep PACE * (rand * 0.008)
    end
  end
end
threads += (1..2).map do
  Thread.new do
    4.times do
      sleep PACE * (0.01 + rand * 0.02)
      slug = SLUGS.sample
      2.times do
        rewrite(slug)
        sleep PACE * (0.003)
      end
      sleep PACE * (0.015)
      retitle(SLUGS.sample) unless BUG == 'in-transaction'
      preview(SLUGS.sample)
    end
  end
end
threads.each(&:join)
