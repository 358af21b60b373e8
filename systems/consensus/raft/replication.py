"""Log replication (5.3), the commit rule (5.4.2) and applying what is committed.

A leader has at most one message on its way to each follower. What arrives meanwhile goes with the
next one, which leaves on the reply: batches grow by themselves under load, and a lost message is
repeated by the next heartbeat.
"""

from __future__ import annotations

from typing import Any

from splitbrain.systems.consensus.raft.messages import (
    APPEND,
    APPENDED,
    REJECTED,
    Appended,
    AppendEntries,
    Entry,
    Rejected,
)
from splitbrain.systems.consensus.raft.snapshots import Snapshots
from splitbrain.systems.consensus.raft.state import Leadership, Progress


class Replication(Snapshots):
    """Appending on leaders and followers, and committing."""

    # ------------------------------------------------------------------ leader

    def propose(self, client: str, id: int, command: Any) -> None:
        """Append a client's command; the answer comes when it is applied."""
        office = self.phase
        if not isinstance(office, Leadership):
            self.redirect(client, id)
            return
        index = self.append_entry(office, command)
        self.admit(office, index, client, id)
        self.replicate(office)

    def append_entry(self, office: Leadership, command: Any) -> int:
        """Append an entry of our term to our own log, and return its index."""
        self.log.extend((Entry(self.term, command),))
        index = self.log.last_index
        self.save_entries(index)
        office.unsaved.append((self.saves, index))
        return index

    def admit(self, office: Leadership, index: int, client: str, id: int) -> None:
        """Remember who waits for the entry at `index`."""
        office.pending[index] = (client, id)

    def replicate(self, office: Leadership) -> None:
        """Send to every follower that isn't still busy with the last message."""
        for peer, progress in office.progress.items():
            if not progress.busy:
                self.send_append(office, peer, progress)

    def send_append(self, office: Leadership, peer: str, progress: Progress) -> None:
        """Send what the follower needs next: entries, a probe, a heartbeat or the snapshot."""
        office.sent += 1
        progress.busy = True
        progress.sent_at = self.now
        progress.sent = office.sent
        log, previous = self.log, progress.next - 1
        if previous < log.base_index:
            self.send_snapshot(peer, office.sent)
            return
        entries = () if progress.probing else log.after(previous, self.settings.batch)
        self.send(
            peer,
            AppendEntries(
                APPEND, self.term, previous, log.term(previous), entries, self.commit, office.sent
            ),
        )

    def on_appended(self, sender: str, message: Appended) -> None:
        """A follower's log matches ours up to `match`."""
        office = self.phase
        if not isinstance(office, Leadership) or message.term != self.term:
            return
        progress = self.hear_follower(office, sender, message)
        if message.match > progress.match:
            progress.match = message.match
        progress.next = progress.match + 1
        progress.probing = False
        self.advance_commit(office)
        if not progress.busy and (
            progress.next <= self.log.last_index or self.reader_waits(office, progress)
        ):
            self.send_append(office, sender, progress)

    def reader_waits(self, office: Leadership, progress: Progress) -> bool:
        """Whether a query came after the last message to this follower."""
        return bool(office.reads) and office.reads[-1].after > progress.sent

    def on_rejected(self, sender: str, message: Rejected) -> None:
        """A follower's log differs at the place we named: look further back (5.3)."""
        office = self.phase
        if not isinstance(office, Leadership) or message.term != self.term:
            return
        progress = self.hear_follower(office, sender, message)
        if message.previous_index != progress.next - 1:
            return  # the answer to an older message
        back = self.backtrack(message)
        progress.next = max(progress.match + 1, min(back, message.previous_index))
        progress.probing = True
        if not progress.busy and progress.next <= message.previous_index:
            self.send_append(office, sender, progress)

    def hear_follower(
        self, office: Leadership, sender: str, message: Appended | Rejected
    ) -> Progress:
        """Note that a follower still takes us for its leader.

        Only the answer to the last message makes room for the next: late and repeated answers would
        multiply the messages otherwise.
        """
        progress = office.progress[sender]
        progress.heard_at = self.now
        if message.number == progress.sent:
            progress.busy = False
        if message.number > progress.answered:
            progress.answered = message.number
        return progress

    def backtrack(self, message: Rejected) -> int:
        """Where to try next: skip a whole term of conflicting entries at once (5.3, last part)."""
        if message.conflict_term > 0:
            ours = self.log.last_of_term(message.conflict_term, message.previous_index)
            if ours:
                return ours + 1
        return message.conflict_index

    def advance_commit(self, office: Leadership) -> None:
        """Commit what a majority holds durably (5.3), if we may."""
        matches = sorted(progress.match for progress in office.progress.values())
        matches.append(office.durable_index)
        matches.sort()
        index = matches[-self.majority]
        if index > self.commit and self.may_commit(index):
            self.commit = index
            self.apply_committed()

    def may_commit(self, index: int) -> bool:
        """Counting replicas commits entries of our own term only; earlier ones follow (5.4.2)."""
        return self.log.term(index) == self.term

    def own_log_saved(self, office: Leadership) -> None:
        """Count our own log as far as it is durable."""
        while office.unsaved and office.unsaved[0][0] <= self.saves_done:
            office.durable_index = office.unsaved.popleft()[1]
        self.advance_commit(office)

    # ---------------------------------------------------------------- follower

    def on_append(self, sender: str, message: AppendEntries) -> None:
        """Take a leader's entries, if our log holds what precedes them (figure 2)."""
        if message.term < self.term:
            self.send_when_durable(sender, Rejected(REJECTED, self.term, 0, 0, 0, 0))
            return
        self.hear_leader(message.term, sender)
        log, previous, entries = self.log, message.previous_index, message.entries
        if previous < log.base_index:
            # A late message. What we compacted was committed, so it equals the leader's log.
            entries = entries[log.base_index - previous :]
            previous = log.base_index
        elif log.term(previous) != message.previous_term:
            self.reject(sender, message)
            return
        if entries:
            self.store(previous, entries)
        self.commit_up_to(min(message.commit, previous + len(entries)))
        match = self.matched(previous, entries)
        self.send_when_durable(sender, Appended(APPENDED, self.term, match, message.number))

    def matched(self, previous: int, entries: tuple[Entry, ...]) -> int:
        """The last index that this message proved equal to the leader's log."""
        return previous + len(entries)

    def reject(self, sender: str, message: AppendEntries) -> None:
        """Refuse entries that don't fit, with a hint where they might."""
        log, previous = self.log, message.previous_index
        if previous > log.last_index:
            index, term = log.last_index + 1, 0
        else:
            index, term = log.first_of_term(previous), log.term(previous)
        self.send_when_durable(
            sender, Rejected(REJECTED, self.term, previous, index, term, message.number)
        )

    def store(self, previous: int, entries: tuple[Entry, ...]) -> None:
        """Append what is new; remove our entries only where they conflict (5.3)."""
        log = self.log
        for offset, entry in enumerate(entries):
            index = previous + 1 + offset
            if index <= log.last_index:
                if log.term(index) == entry.term:
                    continue  # we have it: this message may be older than our log
                assert index > self.commit, f"a committed entry ({index}) would be removed"
                log.truncate(index)
            log.extend(entries[offset:])
            self.save_entries(index)
            return

    def commit_up_to(self, index: int) -> None:
        """The leader committed up to `index`, and we hold all of it."""
        if index > self.commit:
            self.commit = index
            self.apply_committed()

    # -------------------------------------------------------------------- both

    def apply_committed(self) -> None:
        """Apply committed entries in order, and answer those who wait for them."""
        assert self.commit <= self.log.last_index
        pending = self.phase.pending if isinstance(self.phase, Leadership) else {}
        while self.applied < self.commit:
            index = self.applied + 1
            status, value = self.machine.apply(index, self.log.entry(index).command)
            self.applied = index
            waiting = pending.pop(index, None)
            if waiting is not None:
                self.reply(*waiting, status, value)
        self.compact_if_due()
