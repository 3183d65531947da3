//! What the controllers make of a world.
