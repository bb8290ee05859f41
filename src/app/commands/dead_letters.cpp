#include "replica/state/dead_letters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <span>

#include "app/commands/commands.hpp"
#include "app/wiring/postgres.hpp"
#include "app/wiring/source_tables.hpp"
#include "core/error.hpp"
#include "core/visible.hpp"
#include "engine/key_repair.hpp"
#include "json/item_key.hpp"
#include "replica/state/catalogue.hpp"

namespace dynamite {
namespace {

using OfTable = std::function<void(pg::Connection&, const Replica&)>;

void for_each_replica(const Context& context, const OfTable& use) {
  pg::Connection connection =
      pg::Connection::open(connect_options(context, "dead-letters"), context.stop);
  Catalogue catalogue{connection, context.config.state_schema, context.config.hash_key};
  catalogue.require_usable();
  const auto& wanted = context.line.tables;
  for (const Replica& replica : catalogue.load())
    if (wanted.empty() || std::ranges::find(wanted, replica.name()) != wanted.end())
      use(connection, replica);
}

/// Pages of letters that the command line chooses, by id.
void for_each_page(const Context& context, DeadLetters& letters,
                   const std::function<void(const std::vector<StoredLetter>&)>& use) {
  const auto& ids = context.line.letters.ids;
  for (auto page = letters.page(0, ids); !page.empty();) {
    use(page);
    page = letters.page(page.back().id, ids);
  }
}

void print_line(const Replica& replica, const StoredLetter& letter) {
  fmt::print("{:<8} {:<24} {:<24} {:<8} {}{}\n", letter.id, replica.name(), letter.created_at,
             letter.sqlstate.empty() ? "-" : letter.sqlstate, visible(letter.reason),
             letter.constraint.empty() ? "" : fmt::format(" ({})", visible(letter.constraint)));
}

int list(const Context& context) {
  std::uint64_t count = 0;
  fmt::print("{:<8} {:<24} {:<24} {:<8} {}\n", "ID", "TABLE", "SINCE", "SQLSTATE", "REASON");
  for_each_replica(context, [&](pg::Connection& connection, const Replica& replica) {
    DeadLetters letters{connection, replica};
    for_each_page(context, letters, [&](const std::vector<StoredLetter>& page) {
      for (const StoredLetter& letter : page) print_line(replica, letter);
      count += page.size();
    });
  });
  fmt::print("{} dead letters\n", count);
  return kExitDone;
}

void print_whole(const Replica& replica, const StoredLetter& letter,
                 const std::optional<std::string>& record) {
  fmt::print("id          {}\ntable       {}\nsince       {}\nreason      {}\n", letter.id,
             replica.name(), letter.created_at, visible(letter.reason));
  fmt::print("sqlstate    {}\nconstraint  {}\nsequence    {}\n",
             letter.sqlstate.empty() ? "-" : letter.sqlstate,
             letter.constraint.empty() ? "-" : visible(letter.constraint),
             letter.version == Version{} ? "-" : letter.version.sequence_number());
  if (!record) return;
  fmt::print("key         {}\nrecord      {}\n",
             letter.key.empty() ? "could not be read" : key_json(letter.key, replica.keys()),
             *record);
}

int show(const Context& context) {
  std::size_t shown = 0;
  for_each_replica(context, [&](pg::Connection& connection, const Replica& replica) {
    DeadLetters letters{connection, replica};
    for_each_page(context, letters, [&](const std::vector<StoredLetter>& page) {
      for (const StoredLetter& letter : page) {
        if (shown++ > 0) fmt::print("\n");
        print_whole(replica, letter,
                    context.line.letters.reveal ? letters.record(letter.id) : std::nullopt);
      }
    });
  });
  if (shown == 0 && !context.line.letters.ids.empty())
    throw Error{Error::Kind::usage, "there is no such dead letter", "run `dynamite dead-letters`"};
  return kExitDone;
}

int discard(const Context& context) {
  Discarded sum;
  for_each_replica(context, [&](pg::Connection& connection, const Replica& replica) {
    DeadLetters letters{connection, replica};
    for_each_page(context, letters, [&](const std::vector<StoredLetter>& page) {
      std::vector<std::int64_t> ids;
      for (const StoredLetter& letter : page) ids.push_back(letter.id);
      const Discarded done = letters.discard(ids);
      sum.letters += done.letters;
      sum.without_key += done.without_key;
    });
  });
  fmt::print("{} dead letters discarded\n", sum.letters);
  if (sum.without_key > 0)
    fmt::print(
        "{} had no key, so that what they were about is unknown: a gap, which the next pass "
        "heals (`dynamite snapshot`)\n",
        sum.without_key);
  return kExitDone;
}

struct Retried {
  std::size_t done = 0, refused = 0, unreadable = 0;

  Retried& operator+=(const Retried& more) {
    done += more.done;
    refused += more.refused;
    unreadable += more.unreadable;
    return *this;
  }
};

Retried retry_page(DeadLetters& letters, KeyRepair& reread, std::span<const StoredLetter> page,
                   const std::stop_token& stop) {
  const std::vector<DoubtfulKey> keys = doubtful_keys(letters, page);
  const ApplyOutcome outcome = reread.apply(keys, stop);
  const std::size_t refused = std::min(keys.size(), outcome.dead_letters);
  return {
      .done = keys.size() - refused, .refused = refused, .unreadable = page.size() - keys.size()};
}

/// No item can be read back by the hash of its key. Returns how many letters there are.
std::size_t refuse_hashed(const Context& context, DeadLetters& letters, const Replica& replica) {
  std::size_t count = 0;
  for_each_page(context, letters,
                [&](const std::vector<StoredLetter>& page) { count += page.size(); });
  if (count > 0)
    fmt::print(
        "{0}: {1} dead letters have hashes for keys, by which no item can be read back: `dynamite "
        "snapshot --table {0}` reads all items again, and discards the letters at its end\n",
        replica.name(), count);
  return count;
}

int retry(const Context& context) {
  AwsClients aws{context, kRunAttempts};
  ApplyOptions options = context.config.apply;
  options.on_poison = OnPoison::quarantine;
  Retried sum;
  std::size_t hashed = 0;
  for_each_replica(context, [&](pg::Connection& connection, const Replica& replica) {
    DeadLetters letters{connection, replica};
    if (replica.hashes_keys()) {
      hashed += refuse_hashed(context, letters, replica);
      return;
    }
    KeyRepair reread{aws.dynamodb(), connection, replica, options};
    // A letter that is refused again gets a new id. All pages are read before the first retry, so
    // that no letter is retried twice.
    std::vector<std::vector<StoredLetter>> pages;
    for_each_page(context, letters,
                  [&](const std::vector<StoredLetter>& page) { pages.push_back(page); });
    for (const auto& page : pages) sum += retry_page(letters, reread, page, context.stop);
  });
  fmt::print("{} dead letters resolved, {} refused again\n", sum.done, sum.refused);
  if (sum.unreadable > 0)
    fmt::print(
        "{} have no key that could be read, so that no item can be read back: discard them, which "
        "leaves a gap, and make a new pass (`dynamite snapshot`)\n",
        sum.unreadable);
  return sum.refused + sum.unreadable + hashed > 0 ? kExitDiffers : kExitDone;
}

}  // namespace

int run_dead_letters(const Context& context) {
  using Action = DeadLetterOptions::Action;
  switch (context.line.letters.action) {
    case Action::list:
      return list(context);
    case Action::show:
      return show(context);
    case Action::retry:
      return retry(context);
    case Action::discard:
      return discard(context);
  }
  throw Error{Error::Kind::bug, "an action without a function"};
}

}  // namespace dynamite
