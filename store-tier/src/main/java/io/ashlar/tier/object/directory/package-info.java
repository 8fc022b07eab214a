/**
 * An object store in a directory: one file an object.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Keys enter and become relative paths; bodies become files by
 *       a temporary file and a rename or a link.
 *   <li><b>Who owns what.</b> Any thread may use a store, and any number of processes one
 *       directory. A temporary file belongs to the request that took it.
 *   <li><b>Who frees memory.</b> Nothing is held beyond a chunk; a content holds an open file until
 *       it is closed.
 *   <li><b>What is thrown.</b> As the contract says. I/O errors name the key and the store.
 *   <li><b>What is forbidden.</b> Following links; leaving the root; acknowledging what is not
 *       synced; deleting the temporary files of a live writer.
 * </ol>
 */
@NullMarked
package io.ashlar.tier.object.directory;

import org.jspecify.annotations.NullMarked;
