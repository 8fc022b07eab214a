/**
 * The demo: a folder put through everything that a store and its tier do, a kill included.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> A folder of files enters; a report leaves. All else lies in
 *       a folder of the demo's own, which it deletes.
 *   <li><b>Threads.</b> Every class belongs to the thread that runs the demo. {@link
 *       io.ashlar.cli.demo.ChildProcess} has two reader threads of its own.
 *   <li><b>Memory.</b> Bounded by the store's pool and the catalogue.
 *   <li><b>Errors.</b> What the store, the tier and the file system throw passes through; a wrong
 *       byte ends the demo with an error.
 *   <li><b>Forbidden here.</b> Killing any process but the one it started; touching the files of
 *       its input.
 * </ul>
 */
@NullMarked
package io.ashlar.cli.demo;

import org.jspecify.annotations.NullMarked;
