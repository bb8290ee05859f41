#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace dynamite::model {

/// The rules of docs/protocol.md, each of which can be switched off.
struct Rules {
  bool version_guard = true;       ///< a put or remove needs an older row
  bool tombstone_check = true;     ///< … and no tombstone as new: before writing, and again after
  bool placeholder = true;         ///< a remove that sees no row meets a put in flight
  bool hold_key = true;            ///< a remove holds its key from its first statement on
  bool recheck = true;             ///< what a put could not see before it waited is seen after
  bool recheck_equal = true;       ///< … also a tombstone of its own version
  bool sweep = true;               ///< rows that a pass did not meet are deleted
  bool sweep_tombstones = true;    ///< … and leave tombstones
  bool sweep_letters = true;       ///< … and a row that cannot go becomes a dead letter
  bool above_the_row = true;       ///< … whose retry has a version just above the row's
  bool letters_outlive = true;     ///< … which stays while the row is one that no pass met
  bool epoch_guard = true;         ///< a scanned put needs a row of an older epoch
  bool lock_at_start = true;       ///< no applier is in flight when a pass starts
  bool lock_at_end = true;         ///< … or ends
  bool running_pass_only = true;   ///< a page needs its pass to be running
  bool read_after_start = true;    ///< a page is read after its pass began
  bool generation_check = true;    ///< what a stream older than the pass had is dropped
  bool read_back = true;           ///< a late record is applied as what the source has now
  bool read_back_epoch = true;     ///< … read under the epoch that is current when it is applied
  bool mapping_number = true;      ///< what was made by an older mapping is not written
  bool tombstones_outlive = true;  ///< tombstones live while an older record may still come
  bool known_old_image = true;     ///< a put not taken is nothing only if the old image is known
  bool expand_first = true;        ///< a batch is routed to the target before it is coalesced
  bool read_back_older = true;     ///< records made before a change of the clause are read back
  bool pass_behind_change = true;  ///< a change of the mapping makes a new pass necessary
  bool sweep_spares_kept = true;   ///< a sweep leaves kept rows alone
  bool kept_row_guards = true;     ///< a kept row has the remove's version and epoch
  bool kept_row_stays = true;      ///< a remove that keeps nothing leaves a kept row alone
  bool untaken_page = true;        ///< a scanned item that is not taken deletes its row at once
  bool note_each = true;           ///< records are noted before they are coalesced
  bool note_written = true;        ///< a scanned item is noted only if its put wrote the row
  bool note_live = true;           ///< … and the row was not kept since
  bool note_above_row = true;      ///< what a pass notes is newer than the row's version
  bool note_above_noted = true;    ///< … and than all that the history has
  bool note_read = true;           ///< what was read back is noted behind its record
  bool note_read_last = true;     ///< … and behind all others, if the history would end otherwise
  bool read_back_unnoted = true;  ///< … as are records made before the history was switched on
  bool note_swept = true;         ///< the sweep notes what it takes out
  bool note_absent = true;        ///< … and what the history ends with, though there is no row
};

/// Whether the target has a history.
enum class History : std::int8_t {
  none,
  whole,   ///< from the beginning
  late,    ///< it is switched on at some time
  paused,  ///< it is switched off at some time, and on again
};

/// What a simple case consists of: the smaller, the faster it is explored.
struct Bounds {
  /// Of the source, in order: P(ut) or R(emove). N is a put that the target's clause does not take;
  /// A is one that only the clause before a change of it takes, B one that only the new clause
  /// takes.
  std::string writes;
  int passes = 1;
  bool losses = true;       ///< records may be lost before they are applied
  bool late = false;        ///< lost records may come back by another way
  bool new_stream = false;  ///< the stream may be switched off and on again
  bool expiry = false;      ///< tombstones may be forgotten
  bool refusals = false;    ///< PostgreSQL may refuse what a sweep deletes
  bool remapped = false;    ///< the mapping may change once, which makes a new pass necessary
  bool new_clause = false;  ///< … and its clause with it
  bool old_images = false;  ///< each record carries the old image
  bool batches = false;     ///< records may come together, and are coalesced
  bool kept = false;        ///< rows of removed items stay
  History history = History::none;
  bool repeats = true;    ///< what was applied may be delivered again
  int pages = 2;          ///< that are read and not yet applied, at most
  int lates_max = 0;      ///< if not 0, so often do records come late at most
  std::string lost = {};  ///< if there are some, exactly these records are lost: "13"
};

using Byte = std::int8_t;

/// Of a record. There is room for versions between two records.
constexpr Byte version_of(Byte record) { return static_cast<Byte>(record * 4); }

constexpr Byte record_of(Byte version) { return static_cast<Byte>(version / 4); }

/// One row of the replica, or a tombstone. A version of -1 is none.
struct Entry {
  Byte version = -1;  ///< version_of the record, or one behind it; 0: of a scan
  Byte epoch = 0;
  Byte image = 0;     ///< number of the write; 0 in tombstones
  Byte mapping = 0;   ///< that made the row of the image; 0 in tombstones
  bool kept = false;  ///< the row's item was removed
  bool read = false;  ///< where there is a history: the row has the time of a page

  bool there() const { return version >= 0; }
  auto operator<=>(const Entry&) const = default;
};

/// A row of the target's history. A version of -1 is none.
struct Noted {
  Byte version = -1;
  Byte part = 0;   ///< how far above that version: the numbers of the passes that came, added up
  Byte image = 0;  ///< 0: the item is gone

  bool there() const { return version >= 0; }
  auto operator<=>(const Noted&) const = default;
};

enum class Work : Byte { none, put, remove, nothing, scanned, sweep, walk };

/// What became of a put.
enum class Outcome : Byte { undecided, written, taken_back, without_effect };

/// A transaction in flight. Its effects are its own until it commits.
struct Transaction {
  Work work = Work::none;
  Byte first = 0;          ///< record of the batch that is applied
  Byte record = 0;         ///< the batch's last one; 0: none
  Byte version = 0;        ///< that is applied; 0: of a pass
  Byte image = 0;          ///< what a put writes
  Byte epoch = 0;          ///< of its pass, or that the item was read back under
  Byte step = 0;           ///< statements done
  Byte mapping = 0;        ///< that made its rows, which may have been before it began
  bool late = false;       ///< came by another way than its stream
  bool of_letter = false;  ///< it is the retry of a letter
  bool left = false;       ///< the item is there, but not taken: a remove keeps nothing
  bool covered = false;    ///< the tombstone probe found one
  bool holds = false;      ///< it has written the key, or locked it
  Outcome outcome = Outcome::undecided;
  Noted note = {};  ///< that it adds to the history; of a sweep: the newest that it sees there

  auto operator<=>(const Transaction&) const = default;
};

/// A page of a scan, read and not yet applied. An image of 0 means that the key was not in it.
struct Page {
  Byte epoch = 0;  ///< 0: no page
  Byte image = 0;
  auto operator<=>(const Page&) const = default;
};

enum class Pass : Byte { none, running, sweeping };

/// Everything there is, for one key.
struct State {
  Byte written = 0;                                 ///< writes of the source so far
  std::uint8_t applied = 0, lost = 0, retired = 0;  ///< sets of records
  Entry row, tombstone;
  Byte epoch = 0, completed = 0;
  Pass pass = Pass::none;
  bool page_done = false;  ///< the running pass has committed its page
  bool swept = false;
  Byte gap = -1;  ///< the epoch in which a loss was noticed; -1: no open gap
  std::array<Transaction, 2> transactions;
  std::array<Page, 2> pages;
  Byte old_stream = 0;  ///< records before this one are in an older stream; 0: there is none
  Byte oldest = 0;      ///< … and older than what the last pass reads
  Page read_back;       ///< of the late record `late`
  Byte late = 0;
  Byte letter = -1;           ///< version of the dead letter of a row that a sweep could not delete
  Page read_back_for_letter;  ///< of that letter's retry, which is under way
  Byte retry_version = 0;
  Byte mapping = 0;            ///< the current one
  Byte since_epoch = 0;        ///< of the first pass behind the change of the mapping
  Byte older = 0;              ///< records up to this one are older than the clause or the history
  Byte archived = 0;           ///< image of the row that was kept and not revived since; 0: none
  std::array<Noted, 7> noted;  ///< the history, the newest row last
  std::uint8_t to_note = 0;    ///< records that must be in it
  Byte switches = 0;           ///< how often the history was switched on or off
  Byte noted_since = 0;        ///< first epoch of a pass that began with the history on
  Byte lates = 0;              ///< records that came late, where they are counted
  bool walked = false;         ///< the sweep has gone through the history
  bool clash = false;          ///< the history had another row of a version that was noted

  auto operator<=>(const State&) const = default;
};

/// A step that can be taken, in words, and where it leads.
struct Step {
  std::string words;
  State next;
};

/// All steps from a state, each actor's among them.
std::vector<Step> steps(const State& state, const Rules& rules, const Bounds& bounds);

/// The source is quiet, every record was applied or lost, and what was lost was made up for.
bool at_rest(const State& state, const Bounds& bounds);

/// The image that the source has now; 0: none.
Byte source_image(const State& state, const Bounds& bounds);

/// The history has all records that it must have, and no two rows of one version were to be noted.
/// It ends with the row, if it has been whole or a pass has been complete since. That holds at any
/// moment; but where records come late, the history may be ahead of the row until the state is at
/// rest.
bool tells_the_truth(const State& state, const Bounds& bounds);

/// The row at rest is what the current mapping makes of the source's item. A row that is kept is of
/// an item that was removed, and stays.
bool equal(const State& state, const Bounds& bounds);

}  // namespace dynamite::model
