/**
 * Declares each setting of a config once. Name, default and rule are in a table, values in an
 * immutable copy.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> Declarations and new values enter; checked values leave.
 *   <li><b>Threads.</b> A table belongs to the thread that initializes the config's class. {@link
 *       io.ashlar.store.settings.Settings} are safe from any thread.
 *   <li><b>Memory.</b> Heap only.
 *   <li><b>Errors.</b> {@link java.lang.IllegalArgumentException}, which names the setting, the
 *       rule and the value.
 *   <li><b>Forbidden here.</b> Imports of any other package of the project.
 * </ul>
 */
@NullMarked
package io.ashlar.store.settings;

import org.jspecify.annotations.NullMarked;
