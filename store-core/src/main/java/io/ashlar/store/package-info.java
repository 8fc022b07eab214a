/** Placeholder. */
@NullMarked
package io.ashlar.store;

import org.jspecify.annotations.NullMarked;
