"""What a city is: families and institutions as columns, and how they are drawn from its facts."""
