/**
 * The commit role: who may commit, and the commit agent, which commits what is queued. By default
 * the agent has a thread of its own, the I/O thread.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> Queued epochs and tasks enter. Groups of epochs leave to
 *       {@link io.ashlar.store.commit.group.GroupCommitter}; tasks are run between two groups.
 *   <li><b>Threads.</b> One thread at a time holds the {@link
 *       io.ashlar.store.commit.role.CommitRole}: the agent's, or a caller that commits alone, leads
 *       a group ({@code Leaders}, L33) or runs a task. The agent's thread alone owns the ring.
 *   <li><b>Memory.</b> None of its own but the ring's, which ends with the agent.
 *   <li><b>Errors.</b> What is thrown while the role is held poisons the store (L19). After that
 *       every entry is refused, so that no caller hangs (G10).
 *   <li><b>Forbidden here.</b> Filling epochs; holding the role while waiting for a caller.
 * </ul>
 */
@NullMarked
package io.ashlar.store.commit.role;

import org.jspecify.annotations.NullMarked;
