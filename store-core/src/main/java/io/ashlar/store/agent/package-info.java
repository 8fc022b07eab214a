/**
 * Runs the store's agents: on threads of the store's own, or on one thread of the embedder's.
 *
 * <pre>
 *   AgentHost ── OwnThreads ──▶ an AgentRunner and a thread for each agent
 *       └────── DrivenAgents ─▶ an AgentInvoker that the embedder drives
 *                     │
 *   StoreAgent: onStart (opens its queue) ─▶ doWork … doWork ─▶ onClose
 * </pre>
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> Agents enter. A handle leaves that says whether the agent
 *       has ended.
 *   <li><b>Threads.</b> An agent belongs to the thread that runs it, for life.
 *   <li><b>Memory.</b> Heap only.
 *   <li><b>Errors.</b> {@link java.lang.WrongThreadException} for a second driver. An agent handles
 *       its own errors.
 *   <li><b>Forbidden here.</b> Knowledge of commits and reads.
 * </ul>
 */
@NullMarked
package io.ashlar.store.agent;

import org.jspecify.annotations.NullMarked;
