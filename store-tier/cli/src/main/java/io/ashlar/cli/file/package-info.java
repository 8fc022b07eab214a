/**
 * Files as blobs: names, the catalogue that keeps them, and the trees they come from and go to.
 *
 * <ul>
 *   <li><b>What enters and leaves.</b> Trees of files, and the catalogue of a store, enter and
 *       leave.
 *   <li><b>Threads.</b> Every class belongs to one thread. What an acknowledgement listener touches
 *       says so.
 *   <li><b>Memory.</b> A few MiB of file buffer, which {@link io.ashlar.cli.file.FilePacker} frees
 *       at its close, and a catalogue of names on the heap.
 *   <li><b>Errors.</b> What the store and the file system throw passes through.
 *   <li><b>Forbidden here.</b> Following a symbolic link that was met on the way; writing outside
 *       the target; printing.
 * </ul>
 */
@NullMarked
package io.ashlar.cli.file;

import org.jspecify.annotations.NullMarked;
